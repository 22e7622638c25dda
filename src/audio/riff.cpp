// The chunks of a RIFF file: four characters, a little-endian 32-bit length, the bytes, one more if the length is odd.
#include "audio/riff.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <hocket/audio/wav.hpp>
#include <memory>
#include <system_error>

namespace hocket::inline HOCKET_ABI::audio::detail {

namespace {

// The length of a samples chunk whose writer did not know it, or whose true length is in a ds64 chunk (RF64).
constexpr std::uint32_t unknown_length = 0xFFFFFFFF;

std::string reason(int error) { return std::generic_category().message(error); }

bool is(unsigned char const* at, char const* name) noexcept { return std::memcmp(at, name, 4) == 0; }

std::uint32_t length(unsigned char const* at) noexcept {
    return at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
}

}  // namespace

void check_riff(std::string const& path) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file) throw wav_error("cannot open '" + path + "': " + reason(errno));
    struct stat about {};
    if (fstat(fileno(file.get()), &about) != 0) throw wav_error("cannot read '" + path + "': " + reason(errno));
    if (!S_ISREG(about.st_mode)) throw wav_error("'" + path + "' is not a WAV file: it is no regular file");
    auto const size = static_cast<std::uint64_t>(about.st_size);

    std::array<unsigned char, 12> head{};
    if (std::fread(head.data(), 1, head.size(), file.get()) != head.size() ||
        !(is(head.data(), "RIFF") || is(head.data(), "RF64")) || !is(head.data() + 8, "WAVE"))
        throw wav_error("'" + path + "' is not a WAV file");

    for (std::uint64_t at = head.size();;) {
        std::array<unsigned char, 8> chunk{};
        if (std::fseek(file.get(), static_cast<long>(at), SEEK_SET) != 0 ||
            std::fread(chunk.data(), 1, chunk.size(), file.get()) != chunk.size())
            throw wav_error("'" + path + "' is truncated: it ends before its samples");
        std::uint32_t const bytes = length(chunk.data() + 4);
        at += chunk.size();
        if (is(chunk.data(), "data")) {
            if (bytes != unknown_length && at + bytes > size)
                throw wav_error("'" + path + "' is truncated: its header promises " + std::to_string(bytes) +
                                " bytes of samples, it holds " + std::to_string(size - at));
            return;
        }
        at += bytes + (bytes & 1);
    }
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
