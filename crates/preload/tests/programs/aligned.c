// posix_memalign, aligned_alloc, memalign, valloc, pvalloc.
#include "check.h"

static const size_t GIB = (size_t)1 << 30;

static void every_alignment_up_to_a_gibibyte(void) {
    for (size_t align = sizeof(void *); align <= GIB; align *= 2) {
        static const size_t sizes[] = {0, 1, 8, 24, 100, 5000, 40000, 3 << 20};
        void *blocks[3 * sizeof sizes / sizeof *sizes];
        int count = 0;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            void *block = NULL;
            CHECK(posix_memalign(&block, align, sizes[i]) == 0 && block != NULL);
            CHECK(is_aligned(block, align) && malloc_usable_size(block) >= sizes[i]);
            fill(block, 1, sizes[i]);
            blocks[count++] = block;
            CHECK((block = aligned_alloc(align, sizes[i])) != NULL && is_aligned(block, align));
            fill(block, 2, sizes[i]);
            blocks[count++] = block;
            CHECK((block = memalign(align, sizes[i])) != NULL && is_aligned(block, align));
            fill(block, 3, sizes[i]);
            blocks[count++] = block;
        }
        for (int i = 0; i < count; i++) {
            CHECK(is_filled(blocks[i], i % 3 + 1, sizes[i / 3]));
            for (int j = i + 1; j < count; j++) CHECK(blocks[i] != blocks[j]);
        }
        for (int i = 0; i < count; i++) free(blocks[i]);
    }
}

// "EINVAL: the value of the alignment parameter is not a power of two multiple of sizeof (void *)";
// the Linux manual: "*memptr is left unmodified" and "does not set errno".
static void posix_memalign_says_no_by_its_result(void) {
    static const size_t bad[] = {0, 1, 2, 4, 3, 7, 9, 12, 24, 100, SIZE_MAX, (SIZE_MAX >> 1)};
    void *const before = (void *)0x1234;
    void *block = before;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 1234;
        CHECK(posix_memalign(&block, opaque(bad[i]), 64) == EINVAL);
        CHECK(block == before && errno == 1234);
    }
    static const size_t huge[] = {SIZE_MAX, SIZE_MAX - 64, PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1};
    for (size_t align = sizeof(void *); align <= GIB; align *= 8)
        for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
            CHECK(posix_memalign(&block, align, opaque(huge[i])) == ENOMEM);
            CHECK(block == before && errno == 1234);
        }
    CHECK(posix_memalign(&block, opaque((SIZE_MAX >> 1) + 1), 64) == ENOMEM);
    CHECK(block == before && errno == 1234);
}

// C17 leaves the rest open, glibc ≥ 2.38 and POSIX 2024 say EINVAL.
static void aligned_alloc_takes_powers_of_two(void) {
    static const size_t bad[] = {0, 3, 7, 24, 100, SIZE_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        CHECK(aligned_alloc(opaque(bad[i]), 64) == NULL && errno == EINVAL);
    }
    for (size_t align = 1; align <= 8; align *= 2) {
        void *block = aligned_alloc(align, 24);
        CHECK(block != NULL);
        free(block);
    }
    void *odd = aligned_alloc(64, 65); // not a multiple: allowed since C17's corrigendum
    CHECK(odd != NULL && is_aligned(odd, 64));
    free(odd);
    errno = 0;
    CHECK(aligned_alloc(64, opaque(SIZE_MAX - 100)) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(aligned_alloc(opaque((SIZE_MAX >> 1) + 1), 64) == NULL && errno == ENOMEM);
}

static void memalign_rounds_up(void) {
    static const size_t pairs[][2] = {{0, 1}, {1, 1}, {3, 4}, {24, 32}, {100, 128}, {5000, 8192}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        void *block = memalign(opaque(pairs[i][0]), 64);
        CHECK(block != NULL && is_aligned(block, pairs[i][1]));
        free(block);
    }
    errno = 0;
    CHECK(memalign(opaque(SIZE_MAX), 64) == NULL && errno == EINVAL);
    errno = 0;
    CHECK(memalign(64, opaque(SIZE_MAX - 10)) == NULL && errno == ENOMEM);
}

static void whole_pages(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t size = 0; size < 10 * page; size += page / 3) {
        unsigned char *block = valloc(size);
        CHECK(block != NULL && is_aligned(block, page));
        fill(block, 1, size);
        unsigned char *pages = pvalloc(size);
        CHECK(pages != NULL && is_aligned(pages, page));
        size_t whole = size == 0 ? page : (size + page - 1) / page * page;
        CHECK(malloc_usable_size(pages) >= whole);
        fill(pages, 2, whole);
        CHECK(is_filled(block, 1, size));
        free(block);
        free(pages);
    }
    errno = 0;
    CHECK(valloc(opaque(SIZE_MAX)) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(pvalloc(opaque(SIZE_MAX)) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(pvalloc(opaque(SIZE_MAX - page / 2)) == NULL && errno == ENOMEM);
}

// Aligned blocks are blocks like any other.
static void aligned_blocks_can_be_resized(void) {
    for (size_t align = 16; align <= 1 << 20; align *= 4)
        for (size_t size = 1; size < 1 << 20; size = size * 5 + 3) {
            unsigned char *block = memalign(align, size);
            CHECK(block != NULL);
            fill(block, 0x77, size);
            CHECK((block = realloc(block, size * 2)) != NULL);
            CHECK(is_filled(block, 0x77, size));
            CHECK((block = realloc(block, size / 2 + 1)) != NULL);
            CHECK(is_filled(block, 0x77, size / 2 + 1));
            free(block);
        }
}

// A thousand of each, freed in another order: nothing of the padding may be lost.
static void padding_comes_back(void) {
    for (int round = 0; round < 40; round++) {
        static void *blocks[1000];
        for (int i = 0; i < 1000; i++) {
            CHECK((blocks[i] = memalign(1 << 20, 4096)) != NULL);
            fill(blocks[i], i, 4096);
        }
        for (int i = 0; i < 1000; i++) free(blocks[(i * 7) % 1000]);
    }
    CHECK(resident_bytes() < 300 << 20);
}

int main(void) {
    require_library();
    every_alignment_up_to_a_gibibyte();
    posix_memalign_says_no_by_its_result();
    aligned_alloc_takes_powers_of_two();
    memalign_rounds_up();
    whole_pages();
    aligned_blocks_can_be_resized();
    padding_comes_back();
    CHECK(!mapped("[heap]"));
    puts("done");
    return 0;
}
