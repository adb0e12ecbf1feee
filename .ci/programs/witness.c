// Says, when a process ends, what was mapped in it: preloaded behind the library by
// `.ci/programs.sh`, so that nobody has to take the library's own word for it.
//
// One line per process in the file $GOMALLOC_WITNESS: NAME LIBRARY HEAP, where LIBRARY is `library` if
// libgomalloc.so is mapped and HEAP is `heap` if libc's malloc ever moved the program break. No
// allocation, no stdio.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char maps[4 << 20];
static char path[4096];

__attribute__((constructor)) static void start(void) {
    const char *name = getenv("GOMALLOC_WITNESS");
    if (name != NULL && strlen(name) < sizeof path) strcpy(path, name);
}

__attribute__((destructor)) static void finish(void) {
    if (path[0] == 0) return;
    size_t used = 0;
    int from = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (from < 0) return;
    for (ssize_t got; used < sizeof maps - 1; used += (size_t)got)
        if ((got = read(from, maps + used, sizeof maps - 1 - used)) <= 0) break;
    close(from);
    maps[used] = 0;
    char line[64] = {0};
    prctl(PR_GET_NAME, line);
    strcat(line, strstr(maps, "/libgomalloc.so") != NULL ? " library" : " none");
    strcat(line, strstr(maps, "[heap]") != NULL ? " heap\n" : " clean\n");
    int to = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (to < 0) return;
    if (write(to, line, strlen(line)) < 0) _exit(99);
    close(to);
}
