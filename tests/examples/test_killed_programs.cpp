// Programs of the paper that are killed at any moment and run again: what is in OUT is whole or not there,
// and the run that comes to its end has the result of one that nobody disturbed. No moment is waited for.
#if defined(__linux__) && defined(BASIN_PROGRAMS)
#include <fcntl.h>     // open
#include <sys/wait.h>  // waitpid
#include <unistd.h>    // fork, execv, usleep

#include <csignal>   // kill
#include <cstdlib>   // getenv
#include <iterator>  // istream_iterator
#include <map>
#include <random>
#include <sstream>

#include "basin/io/png.hpp"
#include "basin/io/safetensors.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/claims.hpp"

using namespace basin;
namespace fs = std::filesystem;

namespace {

/// A program with its arguments, without --out.
using Command = std::vector<std::string>;

pid_t start(const Command& command, const fs::path& out) {
  std::vector<std::string> words = command;
  words.insert(words.end(), {"--out", out.string()});
  words.front() = (fs::path(BASIN_PROGRAMS) / words.front()).string();
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child > 0) return child;
  const int nowhere = open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) dup2(nowhere, fd);
  execv(arguments.front(), arguments.data());
  _exit(127);
}
int status_of(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}
/// Runs it to its end, however often it is asked to come to one: the exit status.
int finish(const Command& command, const fs::path& out) {
  const int status = status_of(start(command, out));
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

examples::Result result_in(const fs::path& file) {
  const Bytes bytes = read_plain_bytes(file);
  return examples::from_json(std::string(bytes.begin(), bytes.end()), file.string());
}

/// Reads every file of a folder and those within: each reader refuses what is not whole. Returns how many
/// were left over by killed writers.
int read_all(const fs::path& out) {
  int left_over = 0;
  if (!fs::exists(out)) return 0;  // killed before anything was written
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    if (!entry.is_regular_file()) continue;
    const fs::path& file = entry.path();
    INFO(file);
    if (file.extension() == ".basin-tmp") {
      ++left_over;
      continue;
    }
    if (file.extension() == ".json") {
      CHECK_NOTHROW(result_in(file));
    } else if (file.extension() == ".png") {
      CHECK_NOTHROW(read_png(file));
    } else if (file.extension() == ".safetensors") {
      CHECK_NOTHROW(read_safetensors<float>(file));
    } else if (file.extension() == ".csv") {
      const Bytes bytes = read_plain_bytes(file);
      CHECK((!bytes.empty() && bytes.back() == '\n'));
    } else {
      FAIL("a file that no program writes");
    }
  }
  return left_over;
}

/// All that a result says, but for when it was found and how long it took.
std::string lasting(examples::Result r) {
  r.date.clear();
  r.seconds = 0;
  r.command.clear();
  return examples::to_json(r);
}
/// The pictures and tables in a folder.
std::map<std::string, Bytes> pictures(const fs::path& out) {
  std::map<std::string, Bytes> all;
  for (const auto& entry : fs::directory_iterator(out))
    if (entry.path().extension() == ".png" || entry.path().extension() == ".csv")
      all[entry.path().filename().string()] = read_plain_bytes(entry.path());
  return all;
}

/// Kills the program at `moments` moments of the first `longest` seconds of its life, as chance has it by
/// SIGKILL or by SIGTERM, which asks it to come to an end.
void kill_program(const Command& command, int moments, double longest, unsigned seed) {
  INFO(command.front() << ", seed " << seed);
  const TempDir dir;
  const fs::path out = dir / "out", undisturbed = dir / "undisturbed";  // notes name the folder: the same one
  const std::string name = command.front() + ".json";
  REQUIRE(finish(command, out) % 3 == 0);  // all is within the bands, or 3: some is not
  fs::rename(out, undisturbed);
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> moment(0, longest * 1e6);
  int left_over = 0, ended = 0;
  for (int k = 0; k < moments; ++k) {
    const pid_t child = start(command, out);
    usleep(static_cast<useconds_t>(moment(random)));
    kill(child, random() % 2 == 0 ? SIGKILL : SIGTERM);
    ended += WIFEXITED(status_of(child));
    left_over += read_all(out);
  }
  WARN(command.front() << ": " << moments << " moments, " << ended << " runs came to an end, " << left_over
                       << " times a temporary file was left");
  finish(command, out);
  CHECK(read_all(out) == 0);
  CHECK(lasting(result_in(out / name)) == lasting(result_in(undisturbed / name)));
  // A full run that was taken up draws the losses from there on.
  if (std::find(command.begin(), command.end(), "--full") == command.end())
    CHECK(pictures(out) == pictures(undisturbed));
}

}  // namespace

// BASIN_KILL_MOMENTS: another number of them. BASIN_KILL_PROGRAM: another program, its arguments behind it; a
// full run keeps its trainings. BASIN_KILL_SECONDS: how long a run lasts at most until it is killed.
TEST_CASE("programs that are killed at some moments leave whole files and go on to the same result",
          "[examples][slow]") {
  const auto given = [](const char* name, const char* otherwise) -> std::string {
    const char* value = std::getenv(name);
    return value != nullptr ? value : otherwise;
  };
  const int moments = std::stoi(given("BASIN_KILL_MOMENTS", "10"));
  const double longest = std::stod(given("BASIN_KILL_SECONDS", "3"));
  std::istringstream words(given("BASIN_KILL_PROGRAM", ""));
  const Command chosen{std::istream_iterator<std::string>(words), {}};
  const std::vector<Command> usual{
      {"theorem_6", "--quick"}, {"theorem_4", "--quick"}, {"figure_1a", "--quick"}};
  for (const Command& command : chosen.empty() ? usual : std::vector<Command>{chosen})
    kill_program(command, moments, longest, 1);
}
#endif
