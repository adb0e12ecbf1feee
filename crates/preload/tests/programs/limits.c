// Out of memory for real: under RLIMIT_AS every function says so, and the process goes on.
#include "check.h"
#include <sys/resource.h>

static void exhaust(void) {
    enum { COUNT = 1 << 20 };
    static void *blocks[COUNT];
    for (size_t size = 1 << 24; size >= 16; size /= 16) {
        int count = 0;
        errno = 0;
        while (count < COUNT && (blocks[count] = malloc(size)) != NULL) {
            *(char *)blocks[count] = 1;
            count++;
        }
        CHECK(count == COUNT || errno == ENOMEM);
        if (count < COUNT) {
            void *result = (void *)1;
            errno = 0;
            CHECK(calloc(1, 1 << 25) == NULL && errno == ENOMEM);
            CHECK(posix_memalign(&result, 64, 1 << 25) == ENOMEM && result == (void *)1);
            errno = 0;
            CHECK(count == 0 || (realloc(blocks[0], 1 << 25) == NULL && errno == ENOMEM));
        }
        // All that was taken can be given back and taken again.
        for (int i = 0; i < count; i++) free(blocks[i]);
        int again = 0;
        while (again < count / 2 && (blocks[again] = malloc(size)) != NULL) again++;
        CHECK(again >= count / 2 - 1);
        for (int i = 0; i < again; i++) free(blocks[i]);
    }
}

// The limit must stand before the library starts: the first run sets it, the second lives under it.
int main(int argc, char **argv) {
    CHECK(argc == 2 || argc == 3);
    require_library();
    if (argc == 2) {
        struct rlimit limit = {(rlim_t)atol(argv[1]) << 20, (rlim_t)atol(argv[1]) << 20};
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        char *const arguments[] = {argv[0], argv[1], "inside", NULL};
        execv("/proc/self/exe", arguments);
        CHECK(!"back from exec");
    }
    exhaust();
    puts("done");
    return 0;
}
