// Makes known figures for the statistics record.
//
// Usage: record MODE. Modes: plain, fork, exec, cut-short.
#include "check.h"
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static void *volatile blocks[2000];

static void work(void) {
    enum { SMALL = 100000, LARGE = 10 };
    static void *small[SMALL], *large[LARGE];
    for (int i = 0; i < SMALL; i++) CHECK((small[i] = malloc(100)) != NULL);
    for (int i = 0; i < LARGE; i++) CHECK((large[i] = malloc(1 << 20)) != NULL);
    for (int i = 0; i < SMALL; i += 2) free(small[i]);
    for (int i = 0; i < LARGE; i += 2) free(large[i]);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    require_library();
    work();
    if (strcmp(argv[1], "fork") == 0) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            for (int i = 0; i < 20000; i++) free(malloc(200));
            exit(0);
        }
        int status = -1;
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    puts("done");
    fflush(stdout);
    if (strcmp(argv[1], "cut-short") == 0) {
        // Long enough for the figures to be taken again, then an end that no destructor sees.
        for (int i = 0; i < 30; i++) {
            usleep(2000);
            for (int j = 0; j < 2000; j++) blocks[j] = malloc(500);
        }
        _exit(0);
    }
    if (strcmp(argv[1], "exec") == 0) {
        char *const arguments[] = {"true", NULL};
        pid_t pid;
        int status = -1;
        CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        execv("/bin/true", arguments);
    }
    return 0;
}
