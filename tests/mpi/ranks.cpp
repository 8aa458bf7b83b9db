// Run by mpirun with any number of ranks: ranks COMMAND FOLDER. Every rank leaves with a status other than 0
// if what it sees is not what one process sees.
//   checks FOLDER   everything that needs no accident
//   work FOLDER     40 tasks kept in FOLDER/kept; rank 0 writes the bytes of the results to FOLDER/results
//   die FOLDER      the same, but a rank other than 0 is killed in its third task
#include <unistd.h>  // getpid

#include <Eigen/QR>    // HouseholderQR
#include <atomic>      // std::atomic
#include <csignal>     // kill
#include <cstdio>      // std::fprintf
#include <cstdlib>     // std::exit
#include <filesystem>  // std::filesystem::path
#include <fstream>     // std::ofstream
#include <stdexcept>   // std::runtime_error
#include <string>      // std::string
#include <thread>      // std::this_thread::sleep_for
#include <vector>      // std::vector

#include "basin/core/random.hpp"        // Random
#include "basin/io/atomic_file.hpp"     // write_atomically
#include "basin/mpi/tasks.hpp"          // mpi::Session, mpi::Ranks, run_tasks
#include "basin/tasks/task_folder.hpp"  // TaskFolder

namespace {

using namespace basin;
namespace fs = std::filesystem;

int failures = 0;
void expect(bool ok, const std::string& what) {
  if (ok) return;
  ++failures;
  std::fprintf(stderr, "ranks: not so: %s\n", what.c_str());
}

void barrier() { mpi::detail::check(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

struct Found {
  Mat<double> Q;
  std::vector<std::string> words;
  double sum = 0;
};

/// Work whose bits show a wrong order: a matrix of a random size by seed, factored.
Found study(std::size_t k) {
  Random random(k);
  const Index n = 3 + static_cast<Index>(k % 7);
  Mat<double> A(n, n);
  for (double& a : A.reshaped()) a = random.normal();
  std::this_thread::sleep_for(std::chrono::microseconds(300 * (k % 5)));  // so that the order changes
  return {Eigen::HouseholderQR<Mat<double>>(A).householderQ(), {"task", std::to_string(k)}, A.sum()};
}

std::vector<std::string> names(std::size_t n) {
  std::vector<std::string> all;
  for (std::size_t k = 0; k < n; ++k) all.push_back("seed " + std::to_string(k));
  return all;
}

Bytes results(const TaskOptions& options, std::size_t n = 40) {
  std::vector<Found> all;
  for (const auto& found : run_tasks(names(n), study, options)) all.push_back(found.value());
  return packed(all);
}

/// What `f` throws, as text.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const TaskError& e) {
    return "TaskError of " + e.task() + ": " + e.what();
  } catch (const FileError& e) {
    return std::string("FileError: ") + e.what();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

void expect_same_results(const mpi::Ranks& ranks) {
  const Bytes alone = results({});
  TaskOptions options;
  options.runner = &ranks;
  std::atomic<int> calls = 0;
  options.on_progress = [&](std::size_t, std::size_t) { ++calls; };
  expect(results(options) == alone, "the bytes of 40 results are those of one process");
  expect(calls == (ranks.rank() == 0 ? 40 : 0), "rank 0 reports progress after each task");
  options.on_progress = {};
  expect(results(options, 1) == results({}, 1), "a single task");
  expect(results(options, 0) == results({}, 0), "no task at all");
  const auto large = [](std::size_t k) { return std::vector<double>(1000000 + k, 0.5); };
  const auto found = run_tasks(names(3), large, options);
  expect(found[2] == large(2) && found[0] == large(0), "results of 8 MB");
}

void expect_errors(const mpi::Ranks& ranks) {
  TaskOptions options;
  options.runner = &ranks;
  const auto work = [](std::size_t k) {
    if (k == 9) throw std::runtime_error("too small a step");  // sooner than that of the task before it
    if (k == 8) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    if (k == 8) throw std::runtime_error("no convergence");
    return static_cast<int>(k);
  };
  for (int repeat = 0; repeat < 3; ++repeat)
    expect(error_of([&] { (void)run_tasks(names(40), work, options); }) ==
               "TaskError of seed 8: task 'seed 8': no convergence",
           "every rank gets the exception of the first task that fails");
  if (ranks.size() > 1) {
    const auto other = ranks.rank() == 1 ? names(5) : names(6);
    expect(error_of([&] { (void)run_tasks(other, study, options); }) ==
               "run_tasks: rank 1 was given a list of tasks other than that of rank 0",
           "lists that differ are an error");
  }
  std::atomic<bool> cancel = false;
  options.cancel = &cancel;
  const auto stopping = [&](std::size_t k) {
    if (k == 5) cancel = true;
    return k;
  };
  const auto part = run_tasks(names(400), stopping, options);
  expect(part[0] == 0u && !part[5] && !part[399], "a cancelled run gives what had finished");
}

void expect_store(const mpi::Ranks& ranks, const fs::path& folder) {
  // Each rank has a folder of its own name: that of rank 0 alone is used.
  const fs::path mine = folder / ("store_" + std::to_string(ranks.rank()));
  const TaskFolder store(mine, "settings 1");
  TaskOptions options;
  options.runner = &ranks;
  options.store = &store;
  const auto fails_at_7 = [&](std::size_t k) {
    if (k == 7) throw std::runtime_error("power cut");
    return study(k);
  };
  expect(error_of([&] { (void)run_tasks(names(40), fails_at_7, options); }) ==
             "TaskError of seed 7: task 'seed 7': power cut",
         "a run that fails");
  expect(fs::exists(mine) == (ranks.rank() == 0), "rank 0 alone writes");
  if (ranks.rank() == 0) expect(store.load("seed 0").has_value(), "what had finished is kept");
  const auto not_before_7 = [&](std::size_t k) {
    if (k < 7) throw std::runtime_error("done twice");
    return study(k);
  };
  std::vector<Found> all;
  for (const auto& found : run_tasks(names(40), not_before_7, options)) all.push_back(found.value());
  expect(packed(all) == results({}), "a second run goes on, and gives the same bytes");

  if (ranks.rank() == 0) std::ofstream(store.file("seed 3"), std::ios::app) << "x";
  const std::string words = error_of([&] { (void)results(options); });
  expect(words.find("FileError: ") == 0 && words.find("store_0/seed_3-") != std::string::npos &&
             words.find("is damaged") != std::string::npos,
         "every rank is told which file is damaged, got: " + words);
  barrier();
  if (ranks.rank() == 0) fs::remove(store.file("seed 3"));
  expect(results(options) == results({}), "without the damaged file it runs again");
  if (ranks.rank() == 0) {
    fs::remove_all(mine);
    std::ofstream(mine.string()) << "a file where the folder should be";
  }
  expect(error_of([&] { (void)results(options); }).find("store_0") != std::string::npos,
         "a store that cannot be written is an error on all ranks");
}

void expect_half_of_the_ranks() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm half = MPI_COMM_NULL;
  mpi::detail::check(MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &half), "MPI_Comm_split");
  {
    const mpi::Ranks ranks(half);
    TaskOptions options;
    options.runner = &ranks;
    expect(results(options) == results({}), "two halves of the ranks work apart, counted backwards");
  }
  MPI_Comm_free(&half);
}

int checks(const fs::path& folder) {
  expect(error_of([] {
           mpi::detail::check(MPI_Comm_set_errhandler(MPI_COMM_NULL, MPI_ERRORS_RETURN), "call");
         }) != "",
         "an error of MPI is an exception");
  const std::string words = mpi::Error("MPI_Send", MPI_ERR_RANK).what();
  expect(words.find("MPI_Send: MPI_ERR_RANK") == 0, "MPI's own words, got: " + words);
  const mpi::Ranks ranks;
  if (ranks.rank() == 0) fs::remove_all(folder);
  if (ranks.rank() == 0) fs::create_directories(folder);
  barrier();
  expect_same_results(ranks);
  expect_errors(ranks);
  expect_store(ranks, folder);
  expect_half_of_the_ranks();
  return failures == 0 ? 0 : 1;
}

int work(const fs::path& folder, bool deadly) {
  const mpi::Ranks ranks;
  const TaskFolder store(folder / "kept", "work");
  TaskOptions options;
  options.runner = &ranks;
  options.store = &store;
  int begun = 0;
  const auto one = [&](std::size_t k) {
    if (deadly) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (deadly && ranks.rank() != 0 && ++begun == 3) kill(getpid(), SIGKILL);
    return study(k);
  };
  std::vector<Found> all;
  for (const auto& found : run_tasks(names(40), one, options)) all.push_back(found.value());
  const Bytes bytes = packed(all);
  if (ranks.rank() == 0) write_atomically(folder / "results", ByteSpan(bytes));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string command = argv[1];
  try {
    const mpi::Session session;
    {
      const mpi::Session another;  // changes nothing
    }
    return command == "checks" ? checks(argv[2]) : work(argv[2], command == "die");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ranks: %s\n", e.what());
    return 1;
  }
}
