// Allocation at every odd moment: constructors, destructors, atexit, thread-local destructors,
// pthread keys, cancelled threads, signal stacks of exit.
#include "check.h"
#include <pthread.h>

static void *from_constructor, *from_atexit;
static pthread_key_t key;
static int key_runs;

static void touch(size_t size) {
    void *block = malloc(size), *large = calloc(1, 1 << 20);
    CHECK(block != NULL && large != NULL);
    fill(block, 1, size);
    free(block);
    free(large);
}

__attribute__((constructor(101))) static void early(void) {
    from_constructor = malloc(100);
    CHECK(from_constructor != NULL);
    fill(from_constructor, 9, 100);
    touch(500);
}

__attribute__((destructor(101))) static void late(void) {
    touch(700);
    CHECK(is_filled(from_atexit, 8, 50));
    free(from_atexit);
    static const char word[] = "late\n";
    CHECK(write(1, word, 5) == 5);
}

static void at_exit(void) {
    touch(600);
    free(from_constructor);
    from_atexit = malloc(50);
    fill(from_atexit, 8, 50);
}

// Runs while the thread dies, again and again as long as it sets its key anew: by then the
// library's own destructor may have run.
static void key_gone(void *value) {
    __sync_fetch_and_add(&key_runs, 1);
    free(value);
    for (size_t size = 1; size < 40000; size = size * 2 + 1) touch(size);
    if (key_runs % 4 != 0) pthread_setspecific(key, malloc(64));
}

extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
static void thread_gone(void *value) {
    CHECK(is_filled(value, 5, 128));
    free(value);
    touch(900);
}
extern void *__dso_handle;

static void *thread(void *leave) {
    void *block = malloc(128);
    fill(block, 5, 128);
    __cxa_thread_atexit_impl(thread_gone, block, &__dso_handle);
    CHECK(pthread_setspecific(key, malloc(64)) == 0);
    if (leave != NULL) pthread_exit(malloc(10));
    return NULL;
}

static void *cancelled(void *unused) {
    (void)unused;
    for (;;) {
        free(malloc(100));
        pthread_testcancel();
    }
    return NULL;
}

// The thread's very first act is a free, or a key, before it ever allocated.
static void *only_key(void *block) {
    CHECK(pthread_setspecific(key, block) == 0);
    return NULL;
}

int main(void) {
    require_library();
    CHECK(is_filled(from_constructor, 9, 100));
    CHECK(atexit(at_exit) == 0);
    CHECK(pthread_key_create(&key, key_gone) == 0);
    for (int round = 0; round < 300; round++) {
        pthread_t one, two, three, four;
        void *left = NULL;
        CHECK(pthread_create(&one, NULL, thread, NULL) == 0);
        CHECK(pthread_create(&two, NULL, thread, "leave") == 0);
        CHECK(pthread_create(&three, NULL, cancelled, NULL) == 0);
        CHECK(pthread_create(&four, NULL, only_key, malloc(64)) == 0);
        CHECK(pthread_cancel(three) == 0);
        CHECK(pthread_join(one, NULL) == 0);
        CHECK(pthread_join(two, &left) == 0);
        CHECK(pthread_join(three, NULL) == 0);
        CHECK(pthread_join(four, NULL) == 0);
        free(left);
    }
    CHECK(key_runs >= 900);
    CHECK(!mapped("[heap]"));
    puts("done");
    fflush(stdout);
    return 0;
}
