// The command line that basin's program and its peers share, so that bench/run can drive them all:
//   PROGRAM list                   the names of the works
//   PROGRAM check WORK             loss, then the gradient, a number a line, at the starting values
//   PROGRAM time WORK SECONDS      median microseconds of a training step, a line "variant microseconds" for each
#pragma once
#include <algorithm>   // std::sort
#include <cstdio>      // std::printf
#include <cstdlib>     // std::atof
#include <ctime>       // clock_gettime
#include <functional>  // std::function
#include <string>      // std::string
#include <vector>      // std::vector

#include "works.hpp"  // with_work

namespace bench {

/// CPU seconds of this process: what other programs do on the machine counts less than with a wall clock. All
/// that is measured runs in one thread.
inline double now() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Median seconds of a call of step(n), which does n steps, divided by n. Each sample lasts at least 0.1 s.
inline double seconds_per_step(double budget, const std::function<void(long)>& step) {
  step(1);
  long steps = 1;
  for (double t = 0; t < 0.1; steps *= 2) {
    const double begin = now();
    step(steps);
    t = now() - begin;
  }
  const double warm = now() + 0.1 * budget;
  while (now() < warm) step(steps);
  std::vector<double> samples;
  for (const double end = now() + budget; samples.size() < 5 || now() < end;) {
    const double begin = now();
    step(steps);
    samples.push_back((now() - begin) / static_cast<double>(steps));
  }
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

struct Variant {
  std::string name;
  std::function<void(long)> steps;  // does so many training steps
};

/// Program is built from a ChainWork or an ImageWork and has check() -> std::vector<float> (loss, gradient) and
/// variants() -> std::vector<Variant>.
template <class Program>
int run(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "", name = argc > 2 ? argv[2] : "";
  const auto check = [](const auto& work) {
    for (const float value : Program(work).check()) std::printf("%.9g\n", static_cast<double>(value));
  };
  const auto time = [&](const auto& work) {
    Program program(work);
    for (const Variant& v : program.variants())
      std::printf("%s %.4f\n", v.name.c_str(), 1e6 * seconds_per_step(std::atof(argv[3]), v.steps));
  };
  if (command == "list") {
    for (const ChainWork& w : chain_works) std::printf("%s\n", w.name);
    for (const ImageWork& w : image_works) std::printf("%s\n", w.name);
  } else if (!((command == "check" && with_work(name, check)) ||
               (command == "time" && argc > 3 && with_work(name, time)))) {
    std::fprintf(stderr, "usage: %s list | check WORK | time WORK SECONDS\n", argv[0]);
    return 2;
  }
  return 0;
}

}  // namespace bench
