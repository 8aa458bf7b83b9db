// What tasks over ranks cost, run by mpirun (see bench/tasks). Rank 0 prints one line of JSON:
//   ranks          how many there are
//   per_hour       tasks an hour, of PRODUCTS products of 128 x 128 matrices each (task_seconds long)
//   handout        seconds of rank 0's processor time for each task handed out and taken in
//   latency        seconds from one task to the next of a rank, for tasks that do nothing
//   keep           seconds to keep one result of 10 kB in a folder
// bench_tasks PRODUCTS TASKS_PER_RANK FOLDER
#include <algorithm>   // std::max
#include <chrono>      // std::chrono
#include <cstdio>      // std::printf
#include <cstdlib>     // std::atoi
#include <ctime>       // clock_gettime
#include <filesystem>  // std::filesystem::remove_all
#include <map>         // std::map
#include <optional>    // std::optional
#include <string>      // std::to_string
#include <thread>      // std::this_thread::sleep_for
#include <utility>     // std::pair
#include <vector>      // std::vector

#include "basin/core/parallel.hpp"      // set_num_threads
#include "basin/core/statistics.hpp"    // quantile
#include "basin/mpi/tasks.hpp"          // mpi::Session, mpi::Ranks, run_tasks
#include "basin/tasks/task_folder.hpp"  // TaskFolder

namespace {

using namespace basin;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double time_of_this_thread() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double products(int count) {
  Mat<double> A = Mat<double>::Constant(128, 128, 1. / 128), B = A;
  for (int i = 0; i < count; ++i) {
    B.noalias() = A * A;
    A.swap(B);
  }
  return A(0, 0);
}

std::vector<std::string> names(int n) {
  std::vector<std::string> all;
  for (int k = 0; k < n; ++k) all.push_back(std::to_string(k));
  return all;
}

double seconds_to_keep(const std::filesystem::path& folder) {
  constexpr int results = 50;
  const TaskFolder store(folder, "bench");
  const Bytes result(10000, 7);
  const double start = now();
  for (int k = 0; k < results; ++k) store.save(std::to_string(k), result);
  const double each = (now() - start) / results;
  std::filesystem::remove_all(folder);
  return each;
}

/// A task that does nothing: who did it, and when. Rank 0's own thread sleeps, so that the others do nearly
/// all.
std::pair<int, double> note(int rank) {
  const double start = now();
  if (rank == 0) std::this_thread::sleep_for(std::chrono::milliseconds(300));
  return {rank, start};
}

/// The times from one task to the next of every rank but 0.
std::vector<double> gaps_of_others(const std::vector<std::optional<std::pair<int, double>>>& found) {
  std::map<int, double> last;
  std::vector<double> gaps;
  for (const auto& one : found) {
    const auto [rank, start] = one.value();
    if (rank == 0) continue;
    if (last.contains(rank)) gaps.push_back(start - last[rank]);
    last[rank] = start;
  }
  return gaps;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int count = std::atoi(argv[1]), each = std::atoi(argv[2]);
  const mpi::Session session;
  const mpi::Ranks ranks;
  set_num_threads(1);
  TaskOptions options;
  options.runner = &ranks;
  products(count);
  double start = now();
  products(count);
  const double task_seconds = now() - start;

  const int many = each * ranks.size();
  start = now();
  (void)run_tasks(
      names(many), [&](std::size_t) { return products(count); }, options);
  const double per_hour = 3600 * many / (now() - start);

  const double busy = time_of_this_thread();
  const auto found = run_tasks(
      names(ranks.size() > 1 ? 4000 : 0), [&](std::size_t) { return note(ranks.rank()); }, options);
  const double spent = time_of_this_thread() - busy;
  const std::vector<double> gaps = gaps_of_others(found);
  const double handout = gaps.empty() ? 0 : spent / static_cast<double>(gaps.size());
  const double latency = gaps.empty() ? 0 : quantile(gaps, 0.5);
  if (ranks.rank() == 0)
    std::printf(
        "{\"ranks\": %d, \"per_hour\": %.6g, \"task_seconds\": %.4g, \"handout\": %.4g, \"latency\": %.4g, "
        "\"keep\": %.4g}\n",
        ranks.size(), per_hour, task_seconds, handout, latency, seconds_to_keep(argv[3]));
}
