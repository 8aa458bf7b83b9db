// The line of progress: what it shows, when it is written.
#include <algorithm>  // std::count
#include <cmath>      // std::abs
#include <csignal>    // std::raise

#include "examples/trial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/progress.hpp"

using namespace basin::examples;

TEST_CASE("a line of progress gives up its detail before anything else", "[examples]") {
  CHECK(progress_line("3a", 0.42, "epoch 12", 185, 80) == "3a  42%  epoch 12  3 min 05 s left");
  CHECK(progress_line("3a", 0.42, "epoch 12", -1, 80) == "3a  42%  epoch 12");
  CHECK(progress_line("3a", 0.999, "", 3, 80) == "3a  99%  3 s left");
  CHECK(progress_line("3a", 1, "", 0, 80) == "3a  100%  0 s left");
  CHECK(progress_line("3a", 0.42, "epoch 12  loss 3.1e-06", 185, 35) ==
        "3a  42%  epoch 1..  3 min 05 s left");
  for (std::size_t width = 0; width < 60; ++width)
    CHECK(progress_line("3a, seed 0", 0.5, "epoch 12  loss 3.1e-06", 7300, width).size() <= width);
  CHECK(duration(0) == "0 s");
  CHECK(duration(59.6) == "1 min 00 s");
  CHECK(duration(7800) == "2 h 10 min");
}

TEST_CASE("progress of training is the larger share of epochs and of the loss's logarithm", "[examples]") {
  CHECK(std::abs(training_fraction(1e-4, 1, 1e-8, 10, 100) - 0.5) <= 1e-14);
  CHECK(training_fraction(1e-1, 1, 1e-8, 50, 100) == 0.5);
  CHECK(training_fraction(1e-9, 1, 1e-8, 0, 100) == 1);
  CHECK(training_fraction(0.5, 1, 0, 25, 100) == 0.25);
  CHECK(training_fraction(not_a_number, 1, 1e-8, 25, 100) == 0.25);
  CHECK(training_fraction(inf, 1, 1e-8, 0, 0) == 0);
}

TEST_CASE("progress writes when it is due and not again before", "[examples]") {
  double clock = 100;
  std::string written;
  int details = 0;
  const auto output = [&](bool terminal) {
    return ProgressOutput{terminal, [] { return 40; }, [&] { return clock; },
                          [&](const std::string& s) { written += s; }};
  };
  const auto detail = [&] {
    ++details;
    return "epoch 12  loss 3.1e-06  rate 1.7e-03";
  };
  SECTION("on a terminal one line is rewritten and removed in the end") {
    {
      Progress p("3a", output(true));
      p.update(0.1, detail);
      CHECK(written.empty());
      clock += 10;
      p.update(0.5, detail);
      CHECK(written == "\r3a  50%  epoch 12  loss 3...  10 s left\x1b[K");
      p.update(0.5, detail);
      CHECK(details == 1);
      clock += 10;
      p.update(0.25, detail);  // never backwards
      CHECK(contains(written, "50%  epoch 12  loss 3...  20 s left"));
    }
    CHECK(written.substr(written.size() - 4) == "\r\x1b[K");
  }
  SECTION("elsewhere a line comes every 5 s") {
    {
      Progress p("3a", output(false));
      for (int tenths = 0; tenths < 119; ++tenths) {
        clock += 0.1;
        p.update(tenths / 120., detail);
      }
    }
    CHECK(details == 2);
    CHECK(std::count(written.begin(), written.end(), '\n') == 2);
    CHECK(written.find('\r') == std::string::npos);
    CHECK(written.find("left") != std::string::npos);
  }
  SECTION("short work says nothing") {
    {
      Progress p("3a", output(false));
      clock += 4.9;
      p.update(0.9, "almost");
    }
    CHECK(written.empty());
  }
}

TEST_CASE("progress is silent once the program was interrupted", "[examples]") {
  TempDir dir;
  std::string written;
  double clock = 0;
  run({"--out", dir.path().string()}, [&](Program&) {
    Progress p("3a", {true, [] { return 80; }, [&] { return clock += 1; },
                      [&](const std::string& s) { written += s; }});
    p.update(0.1, "before");
    std::raise(SIGINT);
    p.update(0.2, "after");
  });
  CHECK(contains(written, "before"));
  CHECK_FALSE(contains(written, "after"));
}
