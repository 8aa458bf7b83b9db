// A list of tasks gives the results in its order, whoever runs it; what had finished is not run again.
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "basin/core/parallel.hpp"
#include "basin/core/random.hpp"
#include "basin/io/atomic_file.hpp"
#include "basin/tasks/run_tasks.hpp"
#include "basin/tasks/task_folder.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

std::vector<std::string> names(std::size_t n) {
  std::vector<std::string> all;
  for (std::size_t k = 0; k < n; ++k) all.push_back("seed " + std::to_string(k));
  return all;
}

std::vector<double> draws(std::size_t seed) {
  Random random(seed);
  std::vector<double> x(3 + seed % 4);
  for (double& v : x) v = random.normal();
  return x;
}

/// Runs f with 1, 2 and 5 threads, side by side and not.
template <class F>
void every_way(const F& f) {
  for (const int threads : {1, 2, 5})
    for (const bool side_by_side : {false, true}) {
      set_num_threads(threads);
      TaskOptions options;
      options.side_by_side = side_by_side;
      f(options);
    }
  set_num_threads(0);
}

/// Counts what is asked of it and hands it on.
class CountingRunner : public TaskRunner {
 public:
  TaskResults run(const std::vector<Task>& tasks, const TaskOptions& options) const override {
    ++calls;
    TaskOptions here;
    here.store = options.store;
    return run_tasks(tasks, here);
  }
  mutable int calls = 0;
};

}  // namespace

TEST_CASE("results come in the order of the tasks, with the same bits on any number of threads", "[tasks]") {
  every_way([](TaskOptions options) {
    std::size_t last = 0, calls = 0;
    options.on_progress = [&](std::size_t finished, std::size_t all) {
      CHECK(finished == last + 1);
      CHECK(all == 30);
      last = finished;
      ++calls;
    };
    const auto found = run_tasks(names(30), draws, options);
    CHECK(calls == 30);
    bool same = found.size() == 30;
    for (std::size_t k = 0; k < found.size(); ++k) same = same && found[k] == draws(k);
    CHECK(same);
    options.on_progress = {};
    CHECK(run_tasks(names(0), draws, options).empty());
  });
}

TEST_CASE("a runner is given the list in place of this process", "[tasks]") {
  const CountingRunner runner;
  TaskOptions options;
  options.runner = &runner;
  CHECK(run_tasks(names(3), draws, options)[2] == draws(2));
  CHECK(runner.calls == 1);
}

TEST_CASE("of several tasks that throw, the first one of the list is named", "[tasks]") {
  every_way([](const TaskOptions& options) {
    std::atomic<int> begun{0};
    const auto work = [&](std::size_t k) {
      ++begun;
      if (k == 9) throw 5;
      if (k >= 6) throw std::runtime_error("no convergence");
      return k;
    };
    try {
      (void)run_tasks(names(1000), work, options);
      FAIL("no exception");
    } catch (const TaskError& e) {
      CHECK(e.task() == "seed 6");
      CHECK(std::string(e.what()) == "task 'seed 6': no convergence");
    }
    CHECK(begun < 1000);
  });
  CHECK(error_of([] { (void)run_tasks(names(1), [](std::size_t) -> int { throw 5; }); }) ==
        "task 'seed 0': an exception of unknown type");
}

TEST_CASE("tasks without name or work, or two of one name, are refused", "[tasks]") {
  const auto work = [] { return Bytes{1}; };
  CHECK(contains(error_of([&] { (void)run_tasks(std::vector<Task>{{"a", work}, {"", work}}); }), "task 1 "));
  CHECK(contains(error_of([&] { (void)run_tasks(std::vector<Task>{{"a", {}}}); }), "needs a name and work"));
  CHECK(contains(error_of([&] {
                   (void)run_tasks(std::vector<Task>{{"a", work}, {"a", work}});
                 }),
                 "\"a\" is there twice"));
}

TEST_CASE("a cancelled run gives what had finished and drops what may be cut short", "[tasks]") {
  std::atomic<bool> cancel{false};
  TaskOptions options;
  options.cancel = &cancel;
  const auto work = [&](std::size_t k) {
    if (k == 3) cancel = true;
    return k;
  };
  const auto found = run_tasks(names(9), work, options);
  for (std::size_t k = 0; k < 9; ++k) CHECK(found[k].has_value() == (k < 3));
  const auto throwing = [&](std::size_t) -> int { throw std::runtime_error("interrupted"); };
  CHECK_FALSE(run_tasks(names(2), throwing, options)[0].has_value());
}

TEST_CASE("finished tasks are kept, also by a run that fails, and not run again", "[tasks]") {
  const TempDir dir;
  const TaskFolder store(dir / "new" / "kept", "settings 1");
  TaskOptions options;
  options.store = &store;
  const auto fails = [](std::size_t k) {
    if (k == 4) throw std::runtime_error("power cut");
    return draws(k);
  };
  CHECK(error_of([&] { (void)run_tasks(names(8), fails, options); }) == "task 'seed 4': power cut");
  int begun = 0;
  const auto counted = [&](std::size_t k) {
    ++begun;
    return draws(k);
  };
  const auto found = run_tasks(names(8), counted, options);
  CHECK(begun == 4);
  bool same = true;
  for (std::size_t k = 0; k < 8; ++k) same = same && found[k] == draws(k);
  CHECK(same);
  begun = 0;
  CHECK(run_tasks(names(8), counted, options)[7] == draws(7));
  CHECK(begun == 0);

  const TaskFolder other(dir / "new" / "kept", "settings 2");
  options.store = &other;
  CHECK(run_tasks(names(8), counted, options)[7] == draws(7));
  CHECK(begun == 8);
  CHECK(std::distance(std::filesystem::directory_iterator(dir / "new" / "kept"), {}) == 16);
}

TEST_CASE("a kept task that is damaged, cut off or another one is an error that names the file", "[tasks]") {
  const TempDir dir;
  const TaskFolder store(dir.path(), "settings");
  const Bytes result{1, 2, 3};
  CHECK_FALSE(store.load("a b/c").has_value());
  store.save("a b/c", result);
  const std::filesystem::path file = store.file("a b/c");
  CHECK(file.filename().string().find("a_b_c-") == 0);
  CHECK(store.load("a b/c") == result);
  const Bytes whole = read_plain_bytes(file);
  const auto refused = [&](const std::string& words) {
    const std::string error = error_of([&] { (void)store.load("a b/c"); });
    return contains(error, file.string()) && contains(error, words);
  };
  for (std::size_t k = 0; k < whole.size(); ++k) {
    Bytes changed = whole;
    changed[k] ^= 1;
    write_file(file, changed);
    CHECK(refused(k < 13 ? "is no finished task" : "is damaged"));
    write_file(file, ByteSpan(whole).first(k));
    CHECK(refused(k < 13 ? "is no finished task" : "is damaged"));
  }
  TaskFolder(dir.path(), "settings").save("other", result);
  std::filesystem::rename(store.file("other"), file);
  CHECK(refused("holds task \"other\""));
  // A checksum that fits what makes no sense: a name of 2^60 bytes, a byte behind the result.
  for (const Bytes& body :
       {packed(std::uint64_t(1) << 60),
        packed(std::tuple(std::string("a b/c"), std::string("settings"), result, true))}) {
    Bytes odd = bytes_of("basin task 1\n");
    for (const Bytes& part : {packed(detail::fingerprint(body)), body})
      odd.insert(odd.end(), part.begin(), part.end());
    write_file(file, odd);
    CHECK(refused("is no finished task"));
  }
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  CHECK(refused(""));
}

TEST_CASE("a store that cannot be written ends the run with its words", "[tasks]") {
  const TempDir dir;
  write_file(dir / "taken", Bytes{});
  const TaskFolder store(dir / "taken", "");
  TaskOptions options;
  options.store = &store;
  CHECK(contains(error_of([&] { (void)run_tasks(names(2), draws, options); }), "taken"));
  CHECK_THROWS_AS(run_tasks(names(2), draws, options), FileError);
  CHECK_THROWS_AS(TaskFolder("", ""), std::invalid_argument);
}
