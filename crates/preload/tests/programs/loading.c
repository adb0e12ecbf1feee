// dlopen and dlclose, of a plugin and of the library itself.
//
// Usage: loading plugin PLUGIN (preloaded), or loading self LIBRARY (not preloaded).
#include "check.h"
#include <pthread.h>

static const char *path;

static void *load(void *unused) {
    (void)unused;
    for (int i = 0; i < 200; i++) {
        void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CHECK(handle != NULL);
        char *(*copy)(const char *) = (char *(*)(const char *))dlsym(handle, "plugin_copy");
        void (*give_back)(void *) = (void (*)(void *))dlsym(handle, "plugin_free");
        CHECK(copy != NULL && give_back != NULL);
        char *text = copy("some text");
        CHECK(strcmp(text, "some text") == 0);
        free(text);
        give_back(malloc(100));
        CHECK(dlsym(handle, "no_such_name") == NULL && dlerror() != NULL);
        CHECK(dlclose(handle) == 0);
    }
    return NULL;
}

static void plugins(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, load, NULL) == 0);
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

// A second allocator in the process, used by name, that stays when it is closed.
static void *(*their_malloc)(size_t);
static void (*their_free)(void *);

static void *use(void *unused) {
    (void)unused;
    for (int i = 0; i < 10000; i++) {
        void *block = their_malloc((size_t)i % 3000);
        CHECK(block != NULL);
        fill(block, 1, (size_t)i % 3000);
        their_free(block);
    }
    return NULL;
}

static void self(void) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(handle != NULL);
    their_malloc = (void *(*)(size_t))dlsym(handle, "malloc");
    their_free = (void (*)(void *))dlsym(handle, "free");
    CHECK(their_malloc != NULL && (void *)their_malloc != dlsym(RTLD_DEFAULT, "malloc"));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, use, NULL) == 0);
    use(NULL);
    void *block = their_malloc(100);
    CHECK(dlclose(handle) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(mapped("libgomalloc.so")); // never unmapped
    their_free(block);
    their_free(malloc(100)); // libc's, handed on to it
    void *ours = their_malloc(100);
    CHECK(ours != NULL);
    their_free(ours);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    path = argv[2];
    if (strcmp(argv[1], "plugin") == 0) {
        require_library();
        plugins();
    } else if (strcmp(argv[1], "self") == 0) {
        self();
    } else {
        CHECK(!"a known mode");
    }
    puts("done");
    return 0;
}
