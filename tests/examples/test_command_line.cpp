// The programs' command line.
#include <sstream>  // std::istringstream

#include "examples/trial.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"
#include "support/error_of.hpp"

using namespace basin::examples;

TEST_CASE("the command line is read", "[examples]") {
  const Options o = parsed({});
  CHECK_FALSE(o.full);
  CHECK(o.data.empty());
  CHECK(o.out == "out");
  CHECK(o.threads == 0);
  CHECK(o.seed == 0);
  CHECK(o.seeds == 3);
  const Options p =
      parsed({"--full", "--data", "d", "--out=o", "--threads", "2", "--seed", "18446744073709551615"});
  CHECK(p.full);
  CHECK(p.data == "d");
  CHECK(p.out == "o");
  CHECK(p.threads == 2);
  CHECK(p.seed == std::numeric_limits<std::uint64_t>::max());
  CHECK(p.seeds == 10);
  CHECK(parsed({"--quick", "--seeds", "1"}).seeds == 1);
}

TEST_CASE("a bad command line is refused with status 2 and help has status 0", "[examples]") {
  const std::vector<std::vector<const char*>> bad = {{"--bogus"},
                                                     {"word"},
                                                     {"--quick", "--full"},
                                                     {"--threads", "0"},
                                                     {"--threads", "-1"},
                                                     {"--threads", "x"},
                                                     {"--seed", "-1"},
                                                     {"--seed", "1.5"},
                                                     {"--seed"},
                                                     {"--seeds", "0"},
                                                     {"--data", ""},
                                                     {"--out", ""},
                                                     {"--seed", "18446744073709551616"}};
  for (const auto& arguments : bad) {
    const Usage usage = refused(arguments);
    INFO(arguments[0] << (arguments.size() > 1 ? arguments[1] : "") << ": " << usage.text);
    CHECK(usage.status == 2);
    CHECK(usage.text.substr(0, 7) == "trial: ");
    CHECK(contains(usage.text, "trial --help"));
  }
  CHECK(contains(refused({"--bogus"}).text, "--bogus"));
  CHECK(contains(refused({"--threads", "0"}).text, "--threads"));
  for (const char* help : {"-h", "--help"}) {
    const Usage usage = refused({help});
    CHECK(usage.status == 0);
    for (const char* option :
         {"--quick", "--full", "--data", "--out", "--threads", "--seed", "--seeds", "A trial"})
      CHECK(contains(usage.text, option));
    std::istringstream lines(usage.text);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
  }
  CHECK(narrow_help("  --x N                       " + std::string(45, 'a') + " " + std::string(10, 'b') +
                    "\n") == "  --x N                       " + std::string(45, 'a') + "\n" +
                                 std::string(30, ' ') + std::string(10, 'b') + "\n");
}

TEST_CASE("the command that makes a result again names what is not the default", "[examples]") {
  const SeedCount count{3, 10};
  CHECK(reproduce_command("figure_3", parsed({"--threads", "2", "--out", "x"}), count) ==
        "examples/reproduce --only figure_3");
  CHECK(reproduce_command("figure_3", parsed({"--full", "--seed", "4", "--seeds", "2"}), count) ==
        "examples/reproduce --only figure_3 --full --seed 4 --seeds 2");
  CHECK(reproduce_command("a", parsed({"--data", "my mnist's"}), count) ==
        "examples/reproduce --only a --data 'my mnist'\\''s'");
}
