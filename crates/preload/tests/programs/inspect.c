// malloc_usable_size, malloc_trim, mallinfo, mallinfo2, mallopt, malloc_stats, malloc_info: each by
// its effect.
#include "check.h"

enum { COUNT = 40000, SIZE = 2000 };
static void *blocks[COUNT];

static void fill_all(void) {
    for (int i = 0; i < COUNT; i++) {
        CHECK((blocks[i] = malloc(SIZE)) != NULL);
        fill(blocks[i], i, SIZE);
    }
}

static void free_all(void) {
    for (int i = 0; i < COUNT; i++) free(blocks[i]);
}

static void usable_size(void) {
    CHECK(malloc_usable_size(NULL) == 0);
    for (size_t size = 0; size < 100000; size += 13) {
        void *block = malloc(size);
        size_t usable = malloc_usable_size(block);
        CHECK(usable >= size && usable <= size + size / 2 + 8192);
        // The whole of it is the block's: a realloc to it does not move.
        CHECK(realloc(block, usable) == block);
        free(block);
    }
}

static void trim_lowers_resident_size(void) {
    malloc_trim(0);
    long before = resident_bytes();
    fill_all();
    long full = resident_bytes();
    CHECK(full - before > (long)COUNT * SIZE * 9 / 10);
    free_all();
    CHECK(malloc_trim(0) == 1);
    long after = resident_bytes();
    CHECK(after - before < (long)COUNT * SIZE / 10);
    // With nothing left to give the answer is no. (The stream behind the last line took some.)
    malloc_trim(0);
    CHECK(malloc_trim(0) == 0);
    // What was given back is still good memory.
    fill_all();
    free_all();
}

static void mallinfo_counts_live_bytes(void) {
    struct mallinfo2 before = mallinfo2();
    fill_all();
    struct mallinfo2 full = mallinfo2();
    CHECK(full.uordblks - before.uordblks >= (size_t)COUNT * SIZE);
    CHECK(full.uordblks - before.uordblks <= (size_t)COUNT * SIZE * 5 / 4);
    CHECK(full.arena == full.uordblks + full.fordblks);
    CHECK(full.usmblks >= full.uordblks);
    struct mallinfo narrow = mallinfo();
    CHECK(narrow.uordblks > 0 && narrow.arena == narrow.uordblks + narrow.fordblks);
    free_all();
    struct mallinfo2 after = mallinfo2();
    CHECK(after.uordblks <= before.uordblks + 100000);
    CHECK(after.usmblks >= full.uordblks);
    CHECK(after.arena == after.uordblks + after.fordblks);
}

static void mallopt_knows_the_documented_hints(void) {
    CHECK(mallopt(M_MXFAST, 64) == 1);
    CHECK(mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
    CHECK(mallopt(M_TOP_PAD, 1 << 20) == 1);
    CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
    CHECK(mallopt(M_MMAP_MAX, 10) == 1);
    CHECK(mallopt(M_ARENA_TEST, 2) == 1);
    CHECK(mallopt(M_ARENA_MAX, 2) == 1);
    CHECK(mallopt(M_PERTURB, 0xaa) == 0);
    CHECK(mallopt(0, 1) == 0);
    CHECK(mallopt(12345, 1) == 0);
}

static void info_refuses_options(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    CHECK(malloc_info(1, stream) == EINVAL);
    CHECK(malloc_info(-1, stream) == EINVAL);
    fclose(stream);
    CHECK(size == 0);
    free(text);
    FILE *full = fopen("/dev/full", "w");
    CHECK(full != NULL);
    setvbuf(full, NULL, _IONBF, 0);
    CHECK(malloc_info(0, full) == -1);
    fclose(full);
}

static void stats_go_to_standard_error(const char *path) {
    fflush(stderr);
    int kept = dup(2), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(kept >= 0 && file >= 0 && dup2(file, 2) == 2);
    errno = 1234;
    malloc_stats();
    int after = errno;
    CHECK(dup2(kept, 2) == 2);
    CHECK(after == 1234);
    static char text[4096];
    ssize_t got = pread(file, text, sizeof text - 1, 0);
    CHECK(got > 0);
    unsigned long live = 0;
    char *row = strstr(text, "live bytes");
    CHECK(row != NULL && sscanf(row, "live bytes %lu", &live) == 1);
    CHECK(strstr(text, "mallocs") != NULL && text[got - 1] == '\n');
    struct mallinfo2 info = mallinfo2();
    CHECK(live <= info.uordblks + 65536 && info.uordblks <= live + 65536);
}

// Standard output is malloc_info's: the harness reads it with an XML parser and adds it up.
int main(int argc, char **argv) {
    CHECK(argc == 2);
    require_library();
    usable_size();
    trim_lowers_resident_size();
    mallinfo_counts_live_bytes();
    mallopt_knows_the_documented_hints();
    info_refuses_options();
    stats_go_to_standard_error(argv[1]);
    void *large = malloc(1 << 20);
    CHECK(large != NULL);
    CHECK(malloc_info(0, stdout) == 0);
    free(large);
    return 0;
}
