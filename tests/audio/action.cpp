// action: what it holds, when it destroys it, what counts as empty.
#include <doctest/doctest.h>

#include <hocket/audio/action.hpp>
#include <functional>
#include <memory>
#include <type_traits>

using hocket::audio::action;

TEST_CASE("an action calls what it was given, also after a move") {
    int calls = 0;
    action a([&] { ++calls; });
    a();
    action b(std::move(a));
    CHECK_FALSE(static_cast<bool>(a));
    b();
    a = std::move(b);
    a();
    CHECK(calls == 3);
}

TEST_CASE("what an action holds is destroyed exactly once") {
    auto const token = std::make_shared<int>(0);
    {
        action a([token] { static_cast<void>(token); });
        CHECK(token.use_count() == 2);
        action b(std::move(a));
        CHECK(token.use_count() == 2);
        action c;
        c = std::move(b);
        CHECK(token.use_count() == 2);
        c = action([token] { static_cast<void>(token); });
        CHECK(token.use_count() == 2);
    }
    CHECK(token.use_count() == 1);
}

TEST_CASE("null function pointers and empty functions make an empty action") {
    CHECK_FALSE(static_cast<bool>(action()));
    CHECK_FALSE(static_cast<bool>(action(std::function<void()>())));
    CHECK_FALSE(static_cast<bool>(action(static_cast<void (*)()>(nullptr))));
    CHECK(static_cast<bool>(action([] {})));
    CHECK(static_cast<bool>(action(std::function<void()>([] {}))));
}

TEST_CASE("an action is never copied and never allocates") {
    CHECK_FALSE(std::is_copy_constructible_v<action>);
    CHECK(std::is_nothrow_move_constructible_v<action>);
    CHECK(sizeof(action) <= action::capacity + 2 * alignof(std::max_align_t));
}
