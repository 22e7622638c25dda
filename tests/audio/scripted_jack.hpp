// A libjack that does what a test tells it: it stands in for the real one in the test's program.
//
// For what no real server does on demand: cycles of a length that nobody was told of, another sample rate, refusals,
// clocks. Cycles and notifications run on the test's own thread.
#pragma once

#include <string>
#include <vector>

namespace scripted {

// What the server is, and what happened to it. Reset by each test.
struct server {
    // The script.
    bool running = true;
    bool takes_clients = true;
    bool activates = true;
    unsigned rooms = 64;  // for ports
    unsigned block = 64;
    unsigned sample_rate = 48000;
    unsigned at = 0;                    // frames, where a cycle begins; cycle() adds its length
    unsigned since = 0;                 // frames, from there to its callback
    long now_us = 1'000'000, work = 0;  // the clock, and what it goes on from the first look in a cycle to the second

    // What the clients did.
    int opened = 0, closed = 0;
    bool active = false;
    std::vector<std::string> ports;
    std::string words;  // what libjack said where it says things
};
extern server jack;

// A cycle of so many frames, whatever the block is; input i is full of 0.25 * (i + 1). False when no client is active.
bool cycle(unsigned frames);
// What is in output i since the last cycle; before each, they are full of 7.
std::vector<float> output(unsigned i, unsigned frames);

// As the server notifies.
void set_block(unsigned frames);
void set_sample_rate(unsigned rate);
void xrun();
void freewheel(bool on);
void die(char const* reason);

}  // namespace scripted
