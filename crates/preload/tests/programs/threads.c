// Many threads at once: each block is its owner's alone, wherever it is freed.
//
// Usage: threads MODE ROUNDS. Modes: mixed, producer, frees-only, births, strand.
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, SLOTS = 4096 };
static int rounds;
static _Atomic(unsigned char *) table[SLOTS];

struct random { uint64_t state; };
static uint64_t next(struct random *random) {
    uint64_t x = random->state;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    return random->state = x;
}

// A block that carries its own size and pattern, so that whoever frees it can check it.
static unsigned char *make(struct random *random) {
    uint64_t dice = next(random);
    size_t size = 16 + (dice % 64 == 0 ? dice / 64 % 200000 : dice / 64 % 2000);
    unsigned char *block = dice % 7 ? malloc(size) : memalign((size_t)16 << dice % 6, size);
    CHECK(block != NULL);
    *(size_t *)block = size;
    fill(block + 8, (int)(size & 255), size - 8);
    return block;
}

static void check_and_free(unsigned char *block) {
    size_t size = *(size_t *)block;
    CHECK(size >= 16 && size < 300000 && is_filled(block + 8, (int)(size & 255), size - 8));
    free(block);
}

// Every thread swaps blocks in and out of one table: most are freed by another than their maker.
static void *mixed(void *seed) {
    struct random random = {(uintptr_t)seed * 0x9e3779b97f4a7c15u + 1};
    for (int i = 0; i < rounds; i++) {
        unsigned char *mine = make(&random);
        if (next(&random) % 4 == 0) {
            size_t size = *(size_t *)mine, more = size + next(&random) % 3000;
            CHECK((mine = realloc(mine, more)) != NULL && is_filled(mine + 8, (int)(size & 255), size - 8));
            *(size_t *)mine = more;
            fill(mine + 8, (int)(more & 255), more - 8);
        }
        unsigned char *old = atomic_exchange(&table[next(&random) % SLOTS], mine);
        if (old != NULL) check_and_free(old);
    }
    return NULL;
}

static void run(void *(*body)(void *), int count) {
    pthread_t threads[64];
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)(i + 1)) == 0);
    for (int i = 0; i < count; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static void empty_table(void) {
    for (int i = 0; i < SLOTS; i++) {
        unsigned char *block = atomic_exchange(&table[i], NULL);
        if (block != NULL) check_and_free(block);
    }
}

// One side only allocates, the other only frees, through a ring.
static _Atomic(unsigned char *) ring[1024];

static void *producer(void *unused) {
    struct random random = {42};
    (void)unused;
    for (int i = 0; i < rounds; i++) {
        unsigned char *block = make(&random), *none = NULL;
        while (!atomic_compare_exchange_weak(&ring[i % 1024], &none, block)) none = NULL;
    }
    return NULL;
}

static void *consumer(void *unused) {
    (void)unused;
    for (int i = 0; i < rounds; i++) {
        unsigned char *block;
        while ((block = atomic_exchange(&ring[i % 1024], NULL)) == NULL) sched_yield();
        check_and_free(block);
    }
    return NULL;
}

static void produce_and_consume(void) {
    pthread_t from, to;
    CHECK(pthread_create(&from, NULL, producer, NULL) == 0);
    CHECK(pthread_create(&to, NULL, consumer, NULL) == 0);
    CHECK(pthread_join(from, NULL) == 0 && pthread_join(to, NULL) == 0);
}

// A thread that only frees: what it is handed must not stay with it.
static unsigned char *hoard[2000];

static void *free_hoard(void *unused) {
    (void)unused;
    for (int i = 0; i < 2000; i++) check_and_free(hoard[i]);
    return NULL;
}

static void frees_only(void) {
    struct random random = {7};
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 2000; i++) hoard[i] = make(&random);
        run(free_hoard, 1);
    }
}

// Threads that come and go: every one leaves blocks behind that somebody else frees later.
static void *leave_behind(void *seed) {
    struct random random = {(uintptr_t)seed * 77 + 1};
    for (int i = 0; i < 20; i++) {
        unsigned char *mine = make(&random);
        unsigned char *old = atomic_exchange(&table[next(&random) % 512], mine);
        if (old != NULL) check_and_free(old);
        free(malloc(next(&random) % 500));
    }
    return NULL;
}

static void births(void) {
    for (int round = 0; round < rounds; round++) run(leave_behind, 2);
}

// A thread fills its cache with freed blocks and ends: the next one must find that memory.
static void *strand(void *unused) {
    (void)unused;
    static _Thread_local unsigned char *mine[300];
    struct random random = {99};
    for (int i = 0; i < 300; i++) mine[i] = make(&random);
    for (int i = 0; i < 300; i++) check_and_free(mine[i]);
    return NULL;
}

static void strands(void) {
    for (int round = 0; round < rounds; round++) run(strand, 1);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    require_library();
    rounds = atoi(argv[2]);
    const char *mode = argv[1];
    // Warm up with a twentieth of the rounds; from then on the process may grow by 64 MiB at most,
    // while what passes through it is a hundred times that.
    long before = 0;
    for (int phase = 0; phase < 2; phase++) {
        int all = atoi(argv[2]);
        rounds = phase == 0 ? all / 20 + 1 : all;
        if (strcmp(mode, "mixed") == 0) run(mixed, THREADS);
        else if (strcmp(mode, "producer") == 0) produce_and_consume();
        else if (strcmp(mode, "frees-only") == 0) frees_only();
        else if (strcmp(mode, "births") == 0) births();
        else if (strcmp(mode, "strand") == 0) strands();
        else CHECK(!"a known mode");
        empty_table();
        if (phase == 0) before = resident_bytes();
    }
    long grown = resident_bytes() - before;
    if (grown >= 64 << 20) fprintf(stderr, "grown by %ld bytes\n", grown);
    CHECK(grown < 64 << 20);
    CHECK(!mapped("[heap]"));
    puts("done");
    return 0;
}
