// Writers that are killed at any moment: the file is the old or the new one, whole, and what is left over
// goes with the next write. No moment is waited for: wherever the signal arrives, the same must hold.
#ifdef __linux__
#include <sys/wait.h>  // waitpid
#include <unistd.h>    // fork, pipe, usleep

#include <csignal>
#include <cstdlib>
#include <functional>
#include <random>

#include "basin/io/atomic_file.hpp"
#include "basin/io/certificate.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/io/csv.hpp"
#include "basin/io/npy.hpp"
#include "basin/io/npz.hpp"
#include "basin/io/parameters.hpp"
#include "basin/io/png.hpp"
#include "basin/io/safetensors.hpp"
#include "basin/layers/dense.hpp"
#include "basin/tasks/task_folder.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"

using namespace basin;
namespace fs = std::filesystem;

namespace {

/// Which of two contents to write into a folder, and the files that this makes.
struct Writer {
  const char* name;
  std::vector<std::string> files;
  std::function<void(const fs::path& folder, int k)> write;
};

Mat<double> numbers(int k) { return Mat<double>::Constant(60 + 40 * k, 50, k + 0.5); }
SafeTensors<double> tensors(int k) {
  return {{Checkpoint::array("a", numbers(k))}, {{"k", std::to_string(k)}}};
}
const TaskFolder& tasks_in(const fs::path& folder) {
  static std::map<fs::path, TaskFolder> all;
  return all.try_emplace(folder, folder, "settings").first->second;
}
void write_small_certificate(const fs::path& stem, int k) {
  ExactNetwork f(20);
  f.set_output(f.add({.kind = ExactNetwork::Kind::affine,
                      .size = 20,
                      .weight = Mat<double>::Constant(20, 20, 0.01 * (k + 1)),
                      .bias = Vec<double>::Zero(20)}));
  Certificate c;
  c.verified = true;
  c.network = f.fingerprint();
  c.centre = Vec<double>::Zero(20);
  c.metric = {Mat<double>(20, 0), Vec<double>(0)};
  write_certificate(stem, f, c);
}

std::vector<Writer> writers() {
  const Dense<double> net(20, 30);
  const auto theta = [net](int k) { return Vec<double>::Constant(net.param_size(), k); };
  const std::string task = tasks_in("x").file("task").filename().string();
  return {
      {"a file",
       {"a"},
       [](auto& d, int k) { write_atomically(d / "a", Bytes(30'000 + std::size_t(k), 'x')); }},
      {"CSV", {"a"}, [](auto& d, int k) { CsvTable().add("n", numbers(k).reshaped()).write(d / "a"); }},
      {"npy", {"a"}, [](auto& d, int k) { write_npy<double>(d / "a", numbers(k)); }},
      {"npz", {"a"}, [](auto& d, int k) { write_npz(d / "a", tensors(k).tensors, NpzCompression::deflate); }},
      {"safetensors", {"a"}, [](auto& d, int k) { write_safetensors(d / "a", tensors(k)); }},
      {"parameters", {"a.npz"}, [=](auto& d, int k) { save_parameters(d / "a.npz", net, theta(k)); }},
      {"checkpoint",
       {"a.safetensors"},
       [](auto& d, int k) { Checkpoint(d / "a.safetensors", "setting").save(tensors(k)); }},
      {"PNG",
       {"a"},
       [](auto& d, int k) {
         write_png(d / "a", Picture(80 + 40 * k, 60, {1, 2, 3}));
       }},
      {"certificate", {"a.npz", "a.json"}, [](auto& d, int k) { write_small_certificate(d / "a", k); }},
      {"task", {task}, [](auto& d, int k) { tasks_in(d).save("task", packed(numbers(k))); }}};
}

/// A process that calls write(0), write(1), write(0), ... is killed after some microseconds.
template <class Write>
void killed_at_some_moment(const Write& write, std::mt19937& random) {
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (int k = 0;; k = 1 - k) {
      write(k);
      if (k == 0 && ::write(ready[1], "x", 1) != 1) _exit(1);
    }
  }
  close(ready[1]);
  char byte;
  const bool began = read(ready[0], &byte, 1) == 1;
  usleep(static_cast<useconds_t>(random() % 3000));
  kill(child, SIGKILL);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  close(ready[0]);
  REQUIRE(began);
  REQUIRE(WIFSIGNALED(status));
}

/// Kills each writer so many times. Returns how many of the kills left something beside the files.
int kill_writers(int moments) {
  std::mt19937 random(1);
  int left_over = 0;
  for (const Writer& w : writers()) {
    INFO(w.name);
    std::vector<std::vector<Bytes>> whole;  // what the files may be
    for (int k = 0; k < 2; ++k) {
      const TempDir fresh;
      w.write(fresh.path(), k);
      whole.emplace_back();
      for (const auto& file : w.files) whole.back().push_back(read_plain_bytes(fresh / file));
    }
    const TempDir dir;
    int neither = 0, not_cleaned = 0;
    for (int moment = 0; moment < moments; ++moment) {
      killed_at_some_moment([&](int k) { w.write(dir.path(), k); }, random);
      left_over += dir.count() > w.files.size();
      for (std::size_t f = 0; f < w.files.size(); ++f) {
        const Bytes now = read_plain_bytes(dir / w.files[f]);
        neither += now != whole[0][f] && now != whole[1][f];
      }
      w.write(dir.path(), moment % 2);
      not_cleaned += dir.count() != w.files.size();
    }
    CHECK(neither == 0);
    CHECK(not_cleaned == 0);
  }
  return left_over;
}

}  // namespace

TEST_CASE("writers killed at some moments leave the old file or the new one, and nothing for long", "[io]") {
  (void)kill_writers(5);
}

// BASIN_KILL_MOMENTS: another number of them for each writer.
TEST_CASE("writers killed at 1000 moments each leave the old file or the new one", "[io][slow]") {
  const char* given = std::getenv("BASIN_KILL_MOMENTS");
  const int moments = given != nullptr ? std::atoi(given) : 1000;
  const int left_over = kill_writers(moments);
  WARN(left_over << " of " << 10 * moments << " kills left a temporary file, each gone after the next write");
}

TEST_CASE("a certificate whose two files are of different writes is an error", "[io]") {
  const TempDir dir;
  write_small_certificate(dir / "a", 0);
  const Bytes old = read_plain_bytes(dir / "a.json");
  write_small_certificate(dir / "a", 1);
  write_file(dir / "a.json", old);
  CHECK_THROWS_AS(read_certificate(dir / "a"), FileError);
}
#endif
