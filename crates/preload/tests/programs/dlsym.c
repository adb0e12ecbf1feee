// A `dlsym` that allocates on its way, and frees a block of libc's heap each time.
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

int dlsym_asked;

void *dlsym(void *handle, const char *name) {
    static void *(*real)(void *, const char *);
    static void *(*libc_malloc)(size_t);
    if (real == NULL) {
        void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
        real = (void *(*)(void *, const char *))dlvsym(libc, "dlsym", "GLIBC_2.34");
        libc_malloc = (void *(*)(size_t))dlvsym(libc, "malloc", "GLIBC_2.2.5");
    }
    dlsym_asked++;
    free(malloc(100));
    free(libc_malloc(100));
    return real(handle, name);
}
