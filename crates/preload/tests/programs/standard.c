// malloc, calloc, realloc, reallocarray, free: the words of C17 7.22.3, POSIX and the Linux manual.
#include "check.h"

// C23: the C library that this is linked against may not have them.
static void (*sized)(void *, size_t);
static void (*aligned_sized)(void *, size_t, size_t);

static const size_t HUGE_SIZES[] = {SIZE_MAX,          SIZE_MAX - 1,      SIZE_MAX - 4096,
                                    (size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX, (size_t)PTRDIFF_MAX - 65536};
enum { HUGE_COUNT = sizeof HUGE_SIZES / sizeof *HUGE_SIZES };

// "Either a null pointer is returned to indicate an error, or the behavior is as if the size were
// some nonzero value": ours is the second, so every block is distinct while it lives.
static void zero_is_a_block_of_its_own(void) {
    enum { COUNT = 1000 };
    static void *blocks[3 * COUNT];
    for (int i = 0; i < COUNT; i++) {
        CHECK((blocks[3 * i] = malloc(opaque(0))) != NULL);
        CHECK((blocks[3 * i + 1] = calloc(opaque(0), 8)) != NULL);
        CHECK((blocks[3 * i + 2] = realloc(NULL, opaque(0))) != NULL);
    }
    for (int i = 0; i < 3 * COUNT; i++)
        for (int j = i + 1; j < 3 * COUNT; j++) CHECK(blocks[i] != blocks[j]);
    for (int i = 0; i < 3 * COUNT; i++) free(blocks[i]);
    free(NULL);
}

// Every size up to 5000 and some around each power of two: aligned, wholly writable up to what
// malloc_usable_size says, and disjoint from all others.
static void blocks_are_aligned_and_disjoint(void) {
    enum { COUNT = 5000 + 64 * 3 };
    static unsigned char *blocks[COUNT];
    static size_t sizes[COUNT];
    int count = 0;
    for (size_t size = 0; size < 5000; size++) sizes[count++] = size;
    for (int bit = 12; bit < 24; bit++)
        for (int off = -1; off <= 1; off++) sizes[count++] = ((size_t)1 << bit) + (size_t)off;
    for (int i = 0; i < count; i++) {
        CHECK((blocks[i] = malloc(sizes[i])) != NULL);
        CHECK(is_aligned(blocks[i], sizes[i] >= 16 ? 16 : 8));
        CHECK(malloc_usable_size(blocks[i]) >= sizes[i]);
        fill(blocks[i], i & 255, malloc_usable_size(blocks[i]));
    }
    for (int i = 0; i < count; i++)
        CHECK(is_filled(blocks[i], i & 255, malloc_usable_size(blocks[i])));
    for (int i = 0; i < count; i += 2) free(blocks[i]);
    for (int i = 1; i < count; i += 2) {
        CHECK(is_filled(blocks[i], i & 255, malloc_usable_size(blocks[i])));
        free(blocks[i]);
    }
}

static void calloc_clears_what_was_used(void) {
    for (size_t size = 1; size <= 4 << 20; size += size / 3 + 1) {
        for (int round = 0; round < 3; round++) {
            unsigned char *dirty = malloc(size);
            CHECK(dirty != NULL);
            fill(dirty, 0xa5, malloc_usable_size(dirty));
            free(dirty);
            unsigned char *clean = calloc(opaque(1), size);
            CHECK(clean != NULL && is_filled(clean, 0, size));
            free(clean);
        }
    }
}

static void products_that_overflow_fail(void) {
    static const size_t pairs[][2] = {{SIZE_MAX, 2},
                                      {2, SIZE_MAX},
                                      {SIZE_MAX / 2 + 1, 2},
                                      {(size_t)1 << 32, (size_t)1 << 32},
                                      {SIZE_MAX, SIZE_MAX},
                                      {SIZE_MAX / 3 + 1, 3}};
    char *block = malloc(100);
    CHECK(block != NULL);
    fill(block, 0x5a, 100);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        errno = 0;
        CHECK(calloc(opaque(pairs[i][0]), opaque(pairs[i][1])) == NULL && errno == ENOMEM);
        errno = 0;
        CHECK(reallocarray(block, opaque(pairs[i][0]), opaque(pairs[i][1])) == NULL);
        CHECK(errno == ENOMEM && is_filled(block, 0x5a, 100));
        errno = 0;
        CHECK(reallocarray(NULL, opaque(pairs[i][0]), opaque(pairs[i][1])) == NULL && errno == ENOMEM);
    }
    free(block);
}

static void huge_requests_fail(void) {
    char *block = malloc(100);
    fill(block, 0x5a, 100);
    for (int i = 0; i < HUGE_COUNT; i++) {
        errno = 0;
        CHECK(malloc(opaque(HUGE_SIZES[i])) == NULL && errno == ENOMEM);
        errno = 0;
        CHECK(calloc(opaque(1), opaque(HUGE_SIZES[i])) == NULL && errno == ENOMEM);
        errno = 0;
        CHECK(realloc(block, opaque(HUGE_SIZES[i])) == NULL && errno == ENOMEM);
        CHECK(is_filled(block, 0x5a, 100));
    }
    free(block);
}

// Every size to every size of a ladder: what both have in common is kept.
static void realloc_keeps_contents(void) {
    for (size_t from = 1; from < 3 << 20; from += from / 2 + 7) {
        for (size_t to = 1; to < 3 << 20; to += to / 2 + 11) {
            unsigned char *block = malloc(from);
            CHECK(block != NULL);
            for (size_t i = 0; i < from; i++) block[i] = (unsigned char)(i * 31 + (i >> 8));
            unsigned char *moved = realloc(block, to);
            CHECK(moved != NULL && is_aligned(moved, to >= 16 ? 16 : 8));
            CHECK(malloc_usable_size(moved) >= to);
            size_t common = from < to ? from : to;
            for (size_t i = 0; i < common; i++) CHECK(moved[i] == (unsigned char)(i * 31 + (i >> 8)));
            fill(moved, 0xee, malloc_usable_size(moved));
            free(moved);
        }
    }
}

static void realloc_grows_step_by_step(void) {
    unsigned char *block = NULL;
    for (size_t size = 1; size <= 300000; size += 1 + size / 64) {
        CHECK((block = realloc(block, size)) != NULL);
        block[size - 1] = (unsigned char)size;
        if (size > 1) block[0] = 7;
    }
    CHECK(block[0] == 7);
    free(block);
}

// glibc's choice, which the programs of a glibc system expect: freed, null, errno as it was.
static void realloc_to_zero_frees(void) {
    for (int i = 0; i < 100000; i++) {
        void *block = malloc(100000);
        CHECK(block != NULL);
        errno = 1234;
        CHECK(realloc(block, opaque(0)) == NULL && errno == 1234);
        CHECK((block = malloc(100)) != NULL);
        CHECK(reallocarray(block, opaque(0), 10) == NULL && errno == 1234);
    }
    CHECK(resident_bytes() < 200 << 20); // 10 GB had they not been freed
}

// POSIX 2024: "The free() function shall not modify errno".
static void free_keeps_errno(void) {
    static void *blocks[20000];
    errno = 0;
    for (int i = 0; i < 20000; i++) blocks[i] = malloc((size_t)(i % 50 == 0 ? 5 << 20 : i % 3000));
    errno = 1234;
    for (int i = 0; i < 20000; i++) {
        free(blocks[i]);
        CHECK(errno == 1234);
    }
    free(NULL);
    CHECK(errno == 1234);
}

static void sized_frees_are_frees(void) {
    CHECK((sized = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized")) != NULL);
    aligned_sized = (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
    CHECK(aligned_sized != NULL);
    for (int i = 0; i < 200000; i++) {
        void *block = malloc(20000), *aligned = aligned_alloc(64, 640);
        CHECK(block != NULL && aligned != NULL);
        sized(block, 20000);
        aligned_sized(aligned, 64, 640);
    }
    sized(NULL, 10);
    aligned_sized(NULL, 16, 10);
    CHECK(resident_bytes() < 200 << 20);
}

int main(void) {
    require_library();
    zero_is_a_block_of_its_own();
    blocks_are_aligned_and_disjoint();
    calloc_clears_what_was_used();
    products_that_overflow_fail();
    huge_requests_fail();
    realloc_keeps_contents();
    realloc_grows_step_by_step();
    realloc_to_zero_frees();
    free_keeps_errno();
    sized_frees_are_frees();
    CHECK(!mapped("[heap]"));
    puts("done");
    return 0;
}
