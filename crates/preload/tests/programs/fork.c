// fork while other threads allocate: the child must be able to allocate, free and start threads.
//
// Usage: fork MODE ROUNDS. Modes: fork, vfork, deep.
#include "check.h"
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>

extern char **environ;
static atomic_int stop;

static void *allocate(void *seed) {
    void *mine[64] = {0};
    unsigned state = (unsigned)(uintptr_t)seed * 2654435761u + 1;
    while (!atomic_load(&stop)) {
        state = state * 1664525u + 1013904223u;
        unsigned slot = state >> 26;
        free(mine[slot]);
        mine[slot] = malloc(state >> 8 & ((state & 63) == 0 ? 0x7ffff : 0xfff));
        CHECK(mine[slot] != NULL);
    }
    for (int i = 0; i < 64; i++) free(mine[i]);
    return NULL;
}

static void work(void) {
    static void *blocks[2000];
    for (int i = 0; i < 2000; i++) CHECK((blocks[i] = calloc(1, (size_t)(i % 700) * 8 + 1)) != NULL);
    for (int i = 0; i < 2000; i++) free(blocks[i]);
    void *large = malloc(1 << 20);
    CHECK(large != NULL);
    fill(large, 1, 1 << 20);
    free(large);
    malloc_trim(0);
}

static void *work_in_thread(void *unused) {
    (void)unused;
    work();
    return NULL;
}

// In the child: the thread that forked goes on, others can be born, and the child can fork again.
static void child(int depth) {
    work();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, work_in_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    if (depth > 0) {
        pid_t grandchild = fork();
        CHECK(grandchild >= 0);
        if (grandchild == 0) {
            child(depth - 1);
            _exit(0);
        }
        int status = 0;
        CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
    }
}

static void reap(pid_t pid) {
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    require_library();
    alarm(280); // a deadlock is a failure, not a wait
    int rounds = atoi(argv[2]);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate, (void *)(uintptr_t)(i + 1)) == 0);
    void *block = malloc(1000);
    fill(block, 0x42, 1000);
    for (int round = 0; round < rounds; round++) {
        if (strcmp(argv[1], "vfork") == 0) {
            char *const arguments[] = {"true", NULL};
            pid_t pid = vfork();
            CHECK(pid >= 0);
            if (pid == 0) {
                execv("/bin/true", arguments);
                _exit(1);
            }
            reap(pid);
            CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ) == 0);
            reap(pid);
            CHECK(system("exit 0") == 0);
        } else {
            pid_t pid = fork();
            CHECK(pid >= 0);
            if (pid == 0) {
                alarm(140);
                CHECK(is_filled(block, 0x42, 1000));
                free(block);
                child(strcmp(argv[1], "deep") == 0 ? 3 : 0);
                if (round % 2) exit(0); // destructors run in a child too
                _exit(0);
            }
            work();
            reap(pid);
        }
        CHECK(is_filled(block, 0x42, 1000));
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    puts("done");
    return 0;
}
