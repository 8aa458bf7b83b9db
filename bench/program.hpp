// The command line that basin's program and its peers share, so that bench/run can drive them all:
//   PROGRAM list                           the names of the standard works
//   PROGRAM describe WORK                  parameters, operations, bytes, ..., a line "name number" for each
//   PROGRAM check WORK                     what all programs must agree in, as raw floats
//   PROGRAM time WORK SECONDS THREADS      median microseconds, a line for each way to do it
//   PROGRAM memory WORK                    resident bytes at the start, and the most after three steps
// A work that a library cannot do is answered by the line "left out: REASON". Works on trained networks read
// the file of that network in the folder that BENCH_TRAINED names; `bench_steps train WORK` writes it.
#pragma once
#include <unistd.h>  // isatty

#include <algorithm>   // std::min, std::sort
#include <cstdio>      // std::printf
#include <cstdlib>     // std::atof, std::getenv
#include <cstring>     // std::strncmp
#include <ctime>       // clock_gettime
#include <exception>   // std::exception
#include <functional>  // std::function
#include <stdexcept>   // std::runtime_error
#include <string>      // std::string
#include <utility>     // std::pair
#include <vector>      // std::vector

#include "works.hpp"  // Work, parse

namespace bench {

/// Thrown by a program that cannot do a work as basin does it.
struct LeftOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline std::string trained_file(const Work& work) {
  const char* folder = std::getenv("BENCH_TRAINED");
  const std::string sizes = work.name.substr(std::min(work.name.find("_fc"), work.name.size()));
  const std::string net = work.task == Task::settle  ? "settle" + sizes
                          : work.task == Task::fates ? "fixed_points" + sizes
                                                     : work.name;
  return std::string(folder != nullptr ? folder : ".") + "/" + net + ".trained";
}
/// The parameters of the trained network, in the order of `weights`.
inline std::vector<float> trained_weights(const Work& work) {
  std::vector<float> all(static_cast<std::size_t>(work.parameters()));
  const std::string name = trained_file(work);
  std::FILE* file = std::fopen(name.c_str(), "rb");
  if (file == nullptr)
    throw std::runtime_error(name + ": not there. `bench_steps train " + work.name +
                             "` writes it, to the folder that BENCH_TRAINED names");
  const std::size_t count = std::fread(all.data(), sizeof(float), all.size(), file);
  const bool whole = count == all.size() && std::fgetc(file) == EOF;
  std::fclose(file);
  if (!whole)
    throw std::runtime_error(name + ": holds another number of parameters than " + work.name + " has");
  return all;
}
inline std::vector<float> start_weights(const Work& work) {
  const bool trained = work.task == Task::settle || work.task == Task::spectrum || work.task == Task::find ||
                       work.task == Task::fates;
  return trained ? trained_weights(work) : weights(work);
}

/// Seconds: of one thread CPU time, in which other programs on the machine count less; of several wall-clock
/// time; of all wall-clock time where the environment has BENCH_WALL_CLOCK.
inline double now(int threads) {
  static const bool wall_clock = std::getenv("BENCH_WALL_CLOCK") != nullptr;
  timespec t;
  clock_gettime(threads == 1 && !wall_clock ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Median seconds of a call of step(n), which does n steps, divided by n. Samples of at least a tenth of the
/// budget; a step that alone takes longer than the budget is done once to warm up, if that is not too long
/// either, and once more.
inline double seconds_per_step(double budget, int threads, const std::function<void(long)>& step) {
  const auto seconds_of = [&](long steps) {
    const double begin = now(threads);
    step(steps);
    return now(threads) - begin;
  };
  const double first = seconds_of(1);
  if (first > 2) return first;
  if (first > budget) return seconds_of(1);
  long steps = 1;
  while (seconds_of(steps) < 0.1 * budget) steps *= 2;
  std::vector<double> samples;
  for (const double end = now(threads) + budget; samples.size() < 3 || now(threads) < end;)
    samples.push_back(seconds_of(steps) / static_cast<double>(steps));
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

/// A line of /proc/self/status in bytes. VmHWM is the highest resident size since the program started;
/// getrusage's would begin with that of the process that started it.
inline double status_bytes(const char* key) {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  double kilobytes = 0;
  char line[256];
  const std::size_t length = std::strlen(key);
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr)
    if (std::strncmp(line, key, length) == 0) kilobytes = std::atof(line + length + 1);
  if (file != nullptr) std::fclose(file);
  return 1024 * kilobytes;
}

struct Variant {
  std::string name;
  std::function<void(long)> steps;       // does so many steps
  double repeats = 1;                    // how many steps make the work
  std::function<double()> results = {};  // of the last step: the time is that for one of them
};

/// Program(work, threads) has check() -> std::vector<float> and variants() -> std::vector<Variant>, of which
/// the first one is the plain way.
template <class Program>
int run(int argc, char** argv) try {
  const std::string command = argc > 1 ? argv[1] : "", name = argc > 2 ? argv[2] : "";
  if (command == "list") {
    for (const char* work : standard_works) std::printf("%s\n", work);
    return 0;
  }
  const std::optional<Work> work = parse(name);
  const int threads = argc > 4 ? std::atoi(argv[4]) : 1;
  if (command == "describe" && work) {
    for (const auto& [what, value] : {std::pair("parameters", work->parameters()),
                                      {"activations", work->activations()},
                                      {"inputs", double(work->batch()) * work->in_size()},
                                      {"operations", work->operations()},
                                      {"traffic", work->traffic()},
                                      {"working_set", work->working_set()}})
      std::printf("%s %.0f\n", what, value);
  } else if (command == "check" && work) {
    const std::vector<float> values = Program(*work, 1).check();
    if (isatty(STDOUT_FILENO))
      for (const float v : values) std::printf("%.9g\n", static_cast<double>(v));
    else
      std::fwrite(values.data(), sizeof(float), values.size(), stdout);
  } else if (command == "time" && work && argc > 4 && threads >= 1) {
    Program program(*work, threads);
    for (const Variant& v : program.variants()) {
      const double seconds = v.repeats * seconds_per_step(std::atof(argv[3]), threads, v.steps);
      std::printf("%s %.4f\n", v.name.c_str(), 1e6 * (v.results ? seconds / v.results() : seconds));
    }
  } else if (command == "memory" && work && work->task == Task::train) {
    const double start = status_bytes("VmHWM");
    Program program(*work, 1);
    program.variants().front().steps(3);
    std::printf("start %.0f\npeak %.0f\n", start, status_bytes("VmHWM"));
  } else {
    std::fprintf(
        stderr,
        "%s: %s\nusage: %s list | describe WORK | check WORK | time WORK SECONDS THREADS | memory WORK\n",
        argv[0], work ? "no such command" : ("no work is called '" + name + "'").c_str(), argv[0]);
    return 2;
  }
  return 0;
} catch (const LeftOut& reason) {
  std::printf("left out: %s\n", reason.what());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
  return 1;
}

}  // namespace bench
