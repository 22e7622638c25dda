#include "code_text.hpp"

#include <cctype>

namespace layers {

namespace {

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Walks over the text once; each member function consumes one kind of thing.
class blanker {
public:
    explicit blanker(std::string_view text) : text_(text) {}

    std::string run() {
        while (at_ < text_.size()) {
            if (starts("//")) line_comment();
            else if (starts("/*")) blank_to("*/", 2);
            else if (starts("R\"") && !after_word()) raw_string();
            else if (text_[at_] == '"') in_include() ? keep() : literal('"');
            else if (text_[at_] == '\'' && !after_word()) literal('\'');  // else a digit separator, or u8'x'
            else keep();
        }
        return std::move(out_);
    }

private:
    bool starts(std::string_view what) const { return text_.substr(at_, what.size()) == what; }
    bool after_word() const { return at_ > 0 && word(text_[at_ - 1]); }

    void keep() { out_ += text_[at_++]; }
    void blank() {
        out_ += text_[at_] == '\n' ? '\n' : ' ';
        ++at_;
    }

    void line_comment() {
        while (at_ < text_.size() && text_[at_] != '\n') blank();
    }

    // Blanks up to and with the next `end`, looked for `from` characters on.
    void blank_to(std::string_view end, std::size_t from) {
        std::size_t const found = text_.find(end, at_ + from);
        std::size_t const stop = found == std::string_view::npos ? text_.size() : found + end.size();
        while (at_ < stop) blank();
    }

    void raw_string() {
        std::size_t const open = text_.find('(', at_);
        if (open == std::string_view::npos) return keep();
        std::string end(")");
        end.append(text_.substr(at_ + 2, open - at_ - 2)).append("\"");
        blank_to(end, open - at_);
    }

    void literal(char quote) {
        keep();
        while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) blank();
            blank();
        }
        if (at_ < text_.size()) keep();
    }

    bool in_include() const {
        std::size_t const begin = out_.rfind('\n') + 1;  // npos + 1 is 0
        std::size_t const first = out_.find_first_not_of(" \t", begin);
        return first != std::string::npos && out_[first] == '#' && out_.find("include", first) != std::string::npos;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string out_;
};

}  // namespace

std::string code_of(std::string_view text) { return blanker(text).run(); }

}  // namespace layers
