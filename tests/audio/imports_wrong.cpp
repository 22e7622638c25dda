// A module that does what the audio side must not do, directly and through others: for `imports` to find.
#include <pthread.h>
#include <unistd.h>

#include <cstdlib>

class wrong {
public:
    void update();
    void set_param(int param, float value);
    void mark_input_patched(int jack);
    float get_output(int jack) const;

private:
    int* last_ = nullptr;
    mutable pthread_mutex_t guard_ = PTHREAD_MUTEX_INITIALIZER;
};

void wrong::update() { last_ = new int(1); }

__attribute__((noinline)) static int* far_from_here(int n) {
    return n > 3 ? far_from_here(n - 1) : static_cast<int*>(std::malloc(8));
}

__attribute__((noinline)) static int* further(int n) { return far_from_here(n) + 1; }

void wrong::set_param(int param, float) { last_ = further(param); }

// In a part that the compiler moves away as unlikely.
void wrong::mark_input_patched(int jack) {
    if (__builtin_expect(jack == 77, 0)) ::usleep(1);
}

float wrong::get_output(int) const {
    pthread_mutex_lock(&guard_);
    pthread_mutex_unlock(&guard_);
    return 0;
}
