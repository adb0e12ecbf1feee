/* gomalloc: the Go runtime's allocator behind C's malloc.
 *
 * The library is the whole malloc family: preload it (LD_PRELOAD=libgomalloc.so), or link with
 * -lgomalloc, and every allocation of the process is served by it. <stdlib.h> and <malloc.h>
 * declare the functions; this header adds those that the C library of the day may not have yet.
 *
 * Where the standards leave a choice:
 *   malloc(0)         a block of its own
 *   realloc(p, 0)     frees p, returns NULL, leaves errno alone (as glibc does)
 *   aligned_alloc     any power of two; the size need not be a multiple of it
 *   memalign          the alignment is rounded up to a power of two
 *   alignment         16 bytes for blocks of 16 bytes and more, 8 below
 *   a foreign pointer goes to the next free() in line; a wrong one inside our memory ends the
 *                     process with one line on standard error
 */
#ifndef GOMALLOC_H
#define GOMALLOC_H

#include <stddef.h>
#include <stdlib.h>
#if defined(__linux__)
#include <malloc.h>
#endif

#define GOMALLOC_VERSION_MAJOR 0
#define GOMALLOC_VERSION_MINOR 1
#define GOMALLOC_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#define GOMALLOC_NOEXCEPT noexcept
#else
#define GOMALLOC_NOEXCEPT
#endif

/* C23: free() for who knows what the block was asked for with. Neither is checked. */
void free_sized(void *block, size_t size) GOMALLOC_NOEXCEPT;
void free_aligned_sized(void *block, size_t alignment, size_t size) GOMALLOC_NOEXCEPT;

#undef GOMALLOC_NOEXCEPT
#ifdef __cplusplus
}
#endif

#endif
