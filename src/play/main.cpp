// hocket-play: renders a patch, or streams a WAV file. Exit codes: 0 rendered; 1 it could not be, or frames are
// missing; 2 usage.
#include <cinttypes>
#include <cstdio>
#include <exception>

#include "options.hpp"
#include "render.hpp"

namespace {

void print(play::options const& o, play::report const& r) {
    bool const timer = o.driver == play::driver::timer;
    std::printf("%s -> %s\n", o.in.c_str(), o.out.c_str());
    std::printf("  driver       %s%s\n", timer ? "timer" : "freewheel", r.timer.realtime ? " (SCHED_FIFO)" : "");
    std::printf("  context      %s\n", r.context.c_str());
    std::printf("  frames       %" PRIu64 "\n", r.frames);
    std::printf("  seconds      %.3f\n", static_cast<double>(r.frames) / r.sample_rate);
    std::printf("  channels     %u at %u Hz\n", r.channels, r.sample_rate);
    std::printf("  async calls  %" PRIu64 "\n", r.async_calls);
    std::printf("  underruns    %" PRIu64 "\n", r.underruns);
    if (timer) {
        std::printf("  late blocks  %" PRIu64 " of %" PRIu64 "\n", r.timer.late, r.timer.blocks);
        std::printf("  worst block  %.3f ms\n", static_cast<double>(r.timer.worst_ns) / 1e6);
    }
    std::printf("  checksum     %016" PRIx64 "\n", r.checksum);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        auto const options = play::parse(argc, argv);
        if (!options) return 0;
        auto const report = play::render(*options);
        print(*options, report);
        if (report.underruns == 0 && report.lost == 0) return 0;
        std::fprintf(stderr,
                     "hocket-play: %" PRIu64 " frames came too late from '%s', %" PRIu64 " are missing in '%s'\n",
                     report.underruns, options->in.c_str(), report.lost, options->out.c_str());
        return 1;
    } catch (play::usage_error const& e) {
        std::fprintf(stderr, "hocket-play: %s\n", e.what());
        return 2;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "hocket-play: %s\n", e.what());
        return 1;
    }
}
