// Every form of operator new and operator delete, the new-handler, and the containers on top.
#include "check.h"

#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>
#include <sys/resource.h>

static const std::size_t TOO_MUCH = PTRDIFF_MAX - 100;
static const std::align_val_t LINE{64}, PAGE{4096};

static void *good(void *block, std::size_t align) {
    CHECK(block != nullptr && is_aligned(block, align));
    fill(block, 1, 100);
    return block;
}

static void every_form() {
    using std::nothrow;
    for (int i = 0; i < 10000; i++) {
        ::operator delete(good(::operator new(100), 16));
        ::operator delete(good(::operator new(100), 16), std::size_t{100});
        ::operator delete[](good(::operator new[](100), 16));
        ::operator delete[](good(::operator new[](100), 16), std::size_t{100});
        ::operator delete(good(::operator new(100, nothrow), 16), nothrow);
        ::operator delete[](good(::operator new[](100, nothrow), 16), nothrow);
        ::operator delete(good(::operator new(100, LINE), 64), LINE);
        ::operator delete(good(::operator new(100, PAGE), 4096), 100, PAGE);
        ::operator delete[](good(::operator new[](100, LINE), 64), LINE);
        ::operator delete[](good(::operator new[](100, PAGE), 4096), 100, PAGE);
        ::operator delete(good(::operator new(100, LINE, nothrow), 64), LINE, nothrow);
        ::operator delete[](good(::operator new[](100, PAGE, nothrow), 4096), PAGE, nothrow);
    }
    ::operator delete(nullptr);
    ::operator delete[](nullptr);
    void *one = ::operator new(0), *two = ::operator new(0);
    CHECK(one != nullptr && two != nullptr && one != two);
    ::operator delete(one);
    ::operator delete(two);
    CHECK(resident_bytes() < 100 << 20);
}

template <class Exception, class Action> static bool throws(Action action) {
    try {
        action();
    } catch (const Exception &) {
        return true;
    }
    return false;
}

// Neither the size nor the use of the block is the compiler's to see.
static volatile std::size_t too_much = TOO_MUCH;
static void *volatile sink;

static void without_a_handler() {
    CHECK(std::get_new_handler() == nullptr);
    CHECK(throws<std::bad_alloc>([] { sink = ::operator new(too_much); }));
    CHECK(throws<std::bad_alloc>([] { sink = ::operator new[](too_much); }));
    CHECK(throws<std::bad_alloc>([] { sink = ::operator new(too_much, LINE); }));
    CHECK(throws<std::bad_alloc>([] { sink = ::operator new[](too_much, LINE); }));
    CHECK(::operator new(too_much, std::nothrow) == nullptr);
    CHECK(::operator new[](too_much, std::nothrow) == nullptr);
    CHECK(::operator new(too_much, LINE, std::nothrow) == nullptr);
    CHECK(::operator new[](too_much, LINE, std::nothrow) == nullptr);
    // Destructors on the way are run.
    static int destroyed = 0;
    struct Guard {
        ~Guard() { destroyed++; }
    };
    CHECK(throws<std::bad_alloc>([] {
        Guard guard;
        sink = ::operator new(too_much);
    }));
    CHECK(destroyed == 1);
}

static int calls = 0;

// A handler that gives up by removing itself, and one that throws what it likes.
static void gives_up_at_three() {
    if (++calls == 3) std::set_new_handler(nullptr);
}
struct Mine : std::bad_alloc {};
static void throws_mine() {
    calls++;
    throw Mine();
}

static void with_a_handler() {
    calls = 0;
    std::set_new_handler(gives_up_at_three);
    CHECK(throws<std::bad_alloc>([] { sink = ::operator new(too_much); }) && calls == 3);

    calls = 0;
    std::set_new_handler(gives_up_at_three);
    CHECK(::operator new[](too_much, LINE, std::nothrow) == nullptr && calls == 3);

    std::set_new_handler(throws_mine);
    calls = 0;
    CHECK(throws<Mine>([] { sink = ::operator new(too_much); }) && calls == 1);
    CHECK(throws<Mine>([] { sink = ::operator new[](too_much, PAGE); }) && calls == 2);
    // The quiet forms catch it.
    CHECK(::operator new(too_much, std::nothrow) == nullptr && calls == 3);
    CHECK(::operator new[](too_much, std::nothrow) == nullptr && calls == 4);
    CHECK(::operator new(too_much, LINE, std::nothrow) == nullptr && calls == 5);
    CHECK(::operator new[](too_much, PAGE, std::nothrow) == nullptr && calls == 6);
    std::set_new_handler(nullptr);
}

// No new memory is to be had until the handler lifts the limits.
static void set_limits(rlim_t bytes) {
    for (auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
        rlimit limit{bytes, RLIM_INFINITY};
        CHECK(setrlimit(resource, &limit) == 0);
    }
}
static void lifts_the_limits() {
    calls++;
    set_limits(RLIM_INFINITY);
}

static void a_handler_that_helps() {
    calls = 0;
    std::set_new_handler(lifts_the_limits);
    set_limits(1);
    void *block = ::operator new(std::size_t{4} << 30);
    CHECK(block != nullptr && calls == 1);
    ::operator delete(block);
    set_limits(1);
    block = ::operator new[](std::size_t{5} << 30, PAGE, std::nothrow);
    CHECK(block != nullptr && calls == 2 && is_aligned(block, 4096));
    ::operator delete[](block, PAGE);
    std::set_new_handler(nullptr);
}

static void containers() {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; thread++)
        threads.emplace_back([thread] {
            std::map<std::string, std::vector<int>> map;
            std::unordered_map<int, std::unique_ptr<std::string>> other;
            for (int i = 0; i < 20000; i++) {
                map["key number " + std::to_string(i % 5000)].push_back(i);
                other[i % 3000] = std::make_unique<std::string>(std::size_t(i % 300), char('a' + thread));
            }
            std::size_t total = 0;
            for (auto &entry : map) total += entry.second.size();
            CHECK(total == 20000);
            for (auto &entry : other)
                CHECK(entry.second->find_first_not_of(char('a' + thread)) == std::string::npos);
        });
    for (auto &thread : threads) thread.join();
    // new and delete, malloc and free are one heap here.
    std::free(::operator new(100));
    struct alignas(256) Wide {
        char bytes[300];
    };
    auto wide = std::make_unique<Wide[]>(10);
    CHECK(is_aligned(wide.get(), 256));
    CHECK(throws<std::exception>([] { std::vector<int>().at(3); }));
}

int main() {
    require_library();
    every_form();
    without_a_handler();
    with_a_handler();
    a_handler_that_helps();
    containers();
    CHECK(!mapped("[heap]"));
    std::puts("done");
    return 0;
}
