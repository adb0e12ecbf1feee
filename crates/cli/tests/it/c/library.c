/* Stand-in for the preload library: hands every call to glibc's allocator, counts, and keeps a record as
 * the documentation of the layout has it (`src/record.rs`). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

enum { CLASSES = 68, LARGE = 32768, STEP = 16 };
enum { MALLOCS, FREES, LIVE, PEAK, MAPPED, RELEASED, LARGE_MALLOCS, LARGE_FREES, CACHE, METADATA, COUNTERS };

static _Atomic uint64_t counters[COUNTERS], mallocs_by[CLASSES], frees_by[CLASSES];
static _Atomic uint64_t *page; /* 512 words */
static char directory[200], path[256];
static int unlinks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Classes of 16 bytes each; the last one takes everything up to 32 KiB. */
static int class_of(size_t size) {
    size_t class = (size + STEP - 1) / STEP;
    return class == 0 ? 1 : class < CLASSES - 1 ? (int)class : CLASSES - 1;
}

static uint64_t class_size(int class) { return class == CLASSES - 1 ? LARGE : (uint64_t)class * STEP; }

static void refresh(int finished) {
    if (!page || (uint32_t)atomic_load(&page[3]) != (uint32_t)getpid() || pthread_mutex_trylock(&lock)) return;
    uint64_t sequence = atomic_load_explicit(&page[2], memory_order_relaxed);
    atomic_store_explicit(&page[2], sequence + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&page[7], now(), memory_order_relaxed);
    atomic_store_explicit(&page[8], (uint64_t)finished, memory_order_relaxed);
    for (int i = 0; i < COUNTERS; i++) atomic_store_explicit(&page[9 + i], counters[i], memory_order_relaxed);
    for (int i = 1; i < CLASSES; i++) {
        atomic_store_explicit(&page[32 + 3 * i], class_size(i), memory_order_relaxed);
        atomic_store_explicit(&page[33 + 3 * i], mallocs_by[i], memory_order_relaxed);
        atomic_store_explicit(&page[34 + 3 * i], frees_by[i], memory_order_relaxed);
    }
    atomic_store_explicit(&page[2], sequence + 2, memory_order_release);
    pthread_mutex_unlock(&lock);
}

static void begin(int forked) {
    static const char zeros[4096];
    struct rlimit limit;
    page = NULL;
    if (!directory[0] || getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur < sizeof zeros) return;
    uint64_t started = now();
    snprintf(path, sizeof path, "%s/%d.%llu", directory, (int)getpid(), (unsigned long long)started);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return;
    if (write(file, zeros, sizeof zeros) == sizeof zeros) {
        void *map = mmap(NULL, sizeof zeros, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (map != MAP_FAILED) page = map;
    }
    close(file);
    if (!page) return;
    page[1] = 1 | (uint64_t)4096 << 32;
    page[3] = (uint32_t)getpid() | (uint64_t)(uint32_t)getppid() << 32;
    prctl(PR_GET_NAME, (char *)&page[4]);
    page[6] = started;
    for (int i = 0; forked && i < 2; i++) page[256 + i] = counters[MALLOCS + i];
    for (int i = 0; forked && i < 2; i++) page[258 + i] = counters[LARGE_MALLOCS + i];
    for (int i = 0; forked && i < CLASSES; i++) {
        page[260 + 2 * i] = mallocs_by[i];
        page[261 + 2 * i] = frees_by[i];
    }
    refresh(0);
    atomic_store_explicit(&page[0], *(const uint64_t *)"GOMALLOC", memory_order_release);
}

static void in_child(void) {
    munmap((void *)page, 4096);
    begin(1);
}

__attribute__((constructor)) static void start(void) {
    const char *named = secure_getenv("GOMALLOC_RUN_DIR"), *unlink_too = secure_getenv("GOMALLOC_RUN_UNLINK");
    if (named && strlen(named) < sizeof directory) strcpy(directory, named);
    unlinks = unlink_too && strcmp(unlink_too, "1") == 0;
    counters[MAPPED] = 1 << 20;
    counters[METADATA] = 12345;
    begin(0);
    pthread_atfork(NULL, NULL, in_child);
}

__attribute__((destructor)) static void end(void) {
    refresh(1);
    if (page && unlinks) unlink(path);
}

static void *count_malloc(void *block) {
    if (!block) return block;
    size_t size = malloc_usable_size(block);
    counters[MALLOCS]++;
    uint64_t live = atomic_fetch_add(&counters[LIVE], size) + size;
    if (live > counters[PEAK]) counters[PEAK] = live;
    if (size > LARGE) counters[LARGE_MALLOCS]++; else mallocs_by[class_of(size)]++;
    if (counters[MALLOCS] % 64 == 0) refresh(0);
    return block;
}

static void count_free(void *block) {
    if (!block) return;
    size_t size = malloc_usable_size(block);
    counters[FREES]++;
    counters[LIVE] -= size;
    if (size > LARGE) counters[LARGE_FREES]++; else frees_by[class_of(size)]++;
}

void *malloc(size_t size) { return count_malloc(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return count_malloc(__libc_calloc(count, size)); }
void *realloc(void *block, size_t size) {
    count_free(block);
    return count_malloc(__libc_realloc(block, size));
}
void free(void *block) {
    count_free(block);
    __libc_free(block);
}
