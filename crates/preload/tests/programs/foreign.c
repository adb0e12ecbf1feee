// Pointers of another allocator, and pointers of nobody's.
//
// Usage: foreign MODE. `libc`: blocks of libc's own heap. `next`: a second library behind us. `dlsym`:
// a `dlsym` that allocates, and frees what is not ours.
#include "check.h"

// `malloc` and friends as libc itself has them.
static void *libc_symbol(const char *name) {
    static void *handle;
    if (handle == NULL) CHECK((handle = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD)) != NULL);
    void *found = dlsym(handle, name);
    CHECK(found != NULL);
    return found;
}

static void blocks_of_libc(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_symbol("malloc");
    CHECK((void *)libc_malloc != dlsym(RTLD_DEFAULT, "malloc"));
    for (int i = 0; i < 1000; i++) {
        size_t size = (size_t)i * 300;
        unsigned char *block = libc_malloc(size);
        CHECK(block != NULL);
        CHECK(malloc_usable_size(block) >= size);
        fill(block, i, size);
        errno = 1234;
        if (i % 2 == 0) {
            CHECK((block = realloc(block, size * 2 + 1)) != NULL);
            CHECK(is_filled(block, i, size));
        }
        free(block);
        CHECK(errno == 1234);
    }
    // They really went back: libc hands the same block out again.
    void *first = libc_malloc(12345);
    free(first);
    void *again = libc_malloc(12345);
    CHECK(first == again);
    CHECK(realloc(again, opaque(0)) == NULL);
}

// next.c counts what it is handed.
static void blocks_of_the_next_library(void) {
    int *freed = (int *)dlsym(RTLD_DEFAULT, "next_freed");
    void **last = (void **)dlsym(RTLD_DEFAULT, "next_last");
    CHECK(freed != NULL && last != NULL);
    static char nobodys[64];
    for (int i = 0; i < 10; i++) {
        int before = *freed;
        errno = 1234;
        free(nobodys + i);
        CHECK(*freed == before + 1 && *last == nobodys + i && errno == 1234);
    }
    int before = *freed;
    free(malloc(100)); // ours stays ours
    CHECK(*freed == before);
}

// dlsym.c frees a block of libc's each time it is asked: the first free of such a block makes the
// library ask, and that free must not ask again.
static void frees_inside_dlsym(void) {
    int *asked = (int *)dlsym(RTLD_DEFAULT, "dlsym_asked");
    CHECK(asked != NULL);
    // require_library's question, the one above, and in the midst of the first the library's own.
    CHECK(*asked == 3);
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_symbol("malloc");
    for (int i = 0; i < 100; i++) free(libc_malloc(100));
    CHECK(*asked == 4); // ours; the library remembers its answer
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    require_library();
    if (strcmp(argv[1], "libc") == 0) blocks_of_libc();
    else if (strcmp(argv[1], "next") == 0) blocks_of_the_next_library();
    else if (strcmp(argv[1], "dlsym") == 0) frees_inside_dlsym();
    else CHECK(!"a known mode");
    puts("done");
    return 0;
}
