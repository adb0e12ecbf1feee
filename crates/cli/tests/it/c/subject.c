/* The program that the tests run: does what its arguments say, one after the other. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t caught[65];
static void on_signal(int number) { caught[number]++; }

static void allocate(int count, size_t size, int kept) {
    for (int i = 0; i < count; i++) {
        char *volatile block = malloc(size);
        block[0] = 1;
        if (i >= kept) free(block);
    }
}

static const char *disposition(int number) {
    struct sigaction action;
    sigaction(number, NULL, &action);
    return action.sa_handler == SIG_IGN ? "ignored" : action.sa_handler == SIG_DFL ? "default" : "caught";
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i];
        int number = i + 1 < count ? atoi(arguments[i + 1]) : 0;
        if (!strcmp(word, "alloc")) { /* COUNT SIZE KEPT */
            allocate(number, (size_t)atoi(arguments[i + 2]), atoi(arguments[i + 3]));
            i += 3;
        } else if (!strcmp(word, "exit")) {
            exit(number);
        } else if (!strcmp(word, "_exit")) {
            _exit(number);
        } else if (!strcmp(word, "raise")) {
            raise(number);
            i++;
        } else if (!strcmp(word, "fork")) { /* the child goes on with what follows, the parent waits and ends */
            int status;
            pid_t child = fork();
            if (child == 0) continue;
            waitpid(child, &status, 0);
            exit(WEXITSTATUS(status));
        } else if (!strcmp(word, "background")) { /* the child goes on, the parent ends a little later */
            if (fork() != 0) { usleep(200000); exit(0); }
        } else if (!strcmp(word, "exec")) {
            execvp(arguments[i + 1], arguments + i + 1);
            exit(99);
        } else if (!strcmp(word, "getenv")) {
            const char *value = getenv(arguments[++i]);
            puts(value ? value : "(unset)");
        } else if (!strcmp(word, "disposition")) {
            puts(disposition(number));
            i++;
        } else if (!strcmp(word, "mask")) { /* whether a signal is blocked */
            sigset_t set;
            sigprocmask(SIG_BLOCK, NULL, &set);
            puts(sigismember(&set, number) ? "blocked" : "open");
            i++;
        } else if (!strcmp(word, "catch")) {
            signal(number, on_signal);
            i++;
        } else if (!strcmp(word, "await")) { /* until the signal has come, then a little for a second one */
            puts("ready");
            fflush(stdout);
            for (int tries = 0; !caught[number] && tries < 10000; tries++) usleep(1000);
            usleep(100000);
            printf("caught %d time(s)\n", (int)caught[number]);
            i++;
        } else if (!strcmp(word, "pause")) {
            printf("%d\n", (int)getpid());
            fflush(stdout);
            for (int tries = 0; tries < 20; tries++) sleep(1);
        } else if (!strcmp(word, "pid")) {
            printf("%d\n", (int)getpid());
        } else if (!strcmp(word, "nap")) {
            usleep(500000);
        } else if (!strcmp(word, "args")) {
            for (int j = 0; j < count; j++) printf("[%s]", arguments[j]);
            puts("");
            return 0;
        } else if (!strcmp(word, "cat")) {
            for (int c; (c = getchar()) != EOF;) putchar(c);
        }
        fflush(stdout);
    }
    return 0;
}
