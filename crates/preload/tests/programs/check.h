// What every test program needs: a check that names its line, and the proof that it runs on us.
#ifndef CHECK_H
#define CHECK_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);       \
            _exit(1);                                                                     \
        }                                                                                 \
    } while (0)

// The test means nothing if `malloc` is somebody else's.
static inline void require_library(void) {
    Dl_info info;
    CHECK(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) != 0);
    CHECK(strstr(info.dli_fname, "libgomalloc.so") != NULL);
}

// Whether a line of /proc/self/maps contains `word`. Allocates nothing.
static inline int mapped(const char *word) {
    static char text[1 << 20];
    size_t used = 0;
    int fd = open("/proc/self/maps", O_RDONLY);
    if (fd < 0) return 0;
    for (;;) {
        ssize_t got = read(fd, text + used, sizeof text - 1 - used);
        if (got <= 0) break;
        used += (size_t)got;
    }
    close(fd);
    text[used] = 0;
    return strstr(text, word) != NULL;
}

// Resident bytes of this process.
static inline long resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0, resident = 0;
    CHECK(file != NULL && fscanf(file, "%ld %ld", &pages, &resident) == 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static inline int is_aligned(const void *pointer, size_t align) {
    return ((uintptr_t)pointer & (align - 1)) == 0;
}

static inline void fill(void *block, int byte, size_t size) { memset(block, byte, size); }

static inline int is_filled(const void *block, int byte, size_t size) {
    const unsigned char *at = (const unsigned char *)block;
    for (size_t i = 0; i < size; i++)
        if (at[i] != (unsigned char)byte) return 0;
    return 1;
}

// A size that the compiler cannot see through.
static inline size_t opaque(size_t size) {
    volatile size_t hidden = size;
    return hidden;
}

#endif
