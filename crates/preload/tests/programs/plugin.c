// A library that a program loads and unloads at run time.
#include <stdlib.h>
#include <string.h>

static void *kept;
static _Thread_local char large_thread_local[70000];

__attribute__((constructor)) static void start(void) { kept = malloc(1000); }
__attribute__((destructor)) static void finish(void) { free(kept); }

char *plugin_copy(const char *text) {
    large_thread_local[0] = text[0];
    return strdup(text);
}
void plugin_free(void *block) { free(block); }
