// Wrong frees inside an arena, one a run: each must end the process with one line and SIGABRT.
//
// Usage: invalid MODE. Prints the pointer that is about to be freed wrongly.
#include "check.h"
#include <pthread.h>

static unsigned char *volatile block;

// Before the block is freed: the stream's buffer is a block, too, and might get the same place.
static void announce(void *pointer) {
    printf("%p\n", pointer);
    fflush(stdout);
}

// Enough blocks of the same size go after it that a check made late is made.
static void churn(size_t size) {
    enum { COUNT = 5000 };
    static void *others[COUNT];
    for (int i = 0; i < COUNT; i++) CHECK((others[i] = malloc(size)) != NULL);
    for (int i = 0; i < COUNT; i++) free(others[i]);
}

static void free_and_churn(void *pointer, size_t size) {
    announce(pointer);
    free(pointer);
    churn(size);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    require_library();
    const char *mode = argv[1];
    if (strcmp(mode, "interior") == 0) {
        block = malloc(200);
        free_and_churn(block + 64, 200);
    } else if (strcmp(mode, "unaligned") == 0) {
        block = malloc(200);
        free_and_churn(block + 1, 200);
    } else if (strcmp(mode, "interior-large") == 0) {
        block = malloc(3 << 20);
        announce(block + 8192 * 5);
        free(block + 8192 * 5);
    } else if (strcmp(mode, "double") == 0) {
        announce(block = malloc(200));
        free(block);
        free(block);
        churn(200);
    } else if (strcmp(mode, "double-later") == 0) {
        announce(block = malloc(200));
        free(block);
        churn(200);
        free(block);
        churn(200);
    } else if (strcmp(mode, "double-large") == 0) {
        announce(block = malloc(3 << 20));
        free(block);
        free(block);
    } else if (strcmp(mode, "realloc-freed-large") == 0) {
        announce(block = malloc(3 << 20));
        free(block);
        block = realloc(block, 4 << 20);
    } else if (strcmp(mode, "usable-size-freed-large") == 0) {
        announce(block = malloc(3 << 20));
        free(block);
        CHECK(malloc_usable_size(block) == 0);
    } else if (strcmp(mode, "never-handed-out") == 0) {
        // The same arena, far above everything that was ever allocated.
        block = malloc(200);
        unsigned char *far = block + (48 << 20) - (uintptr_t)block % 16;
        free_and_churn(far, 200);
    } else {
        CHECK(!"a known mode");
    }
    puts("survived");
    return 0;
}
