// A list of independent tasks, its results in the order of the list: in this process or handed to a runner
// (basin/mpi/tasks.hpp spreads it over ranks). The bits are the same either way.
#pragma once
#include <atomic>       // std::atomic
#include <cstddef>      // std::size_t
#include <exception>    // std::exception
#include <functional>   // std::function
#include <mutex>        // std::mutex
#include <optional>     // std::optional
#include <set>          // std::set
#include <stdexcept>    // std::runtime_error
#include <string>       // std::string
#include <type_traits>  // std::invoke_result_t
#include <utility>      // std::move
#include <vector>       // std::vector

#include "basin/core/error.hpp"     // require, FileError
#include "basin/core/parallel.hpp"  // parallel_for, free_threads
#include "basin/data/bytes.hpp"     // Bytes
#include "basin/tasks/packed.hpp"   // packed, unpacked

namespace basin::inline BASIN_ABI {

/// One piece of work. Its result is bytes that must depend on nothing that another task does; its name, which
/// no other task of the list has, is how errors and kept results call it.
struct Task {
  std::string name;            // "seed 3"
  std::function<Bytes()> run;  // gives its result; may throw
};

/// One for each task; empty where the run was cancelled before the task had finished.
using TaskResults = std::vector<std::optional<Bytes>>;

/// A task threw an exception: "task 'seed 3': " and its words. Of several tasks that throw it is the first
/// one of the list, on any number of threads and ranks.
class TaskError : public std::runtime_error {
 public:
  /// The name of the task and what its exception said.
  TaskError(std::string task, const std::string& words)
      : std::runtime_error("task '" + task + "': " + words), task_(std::move(task)) {}
  /// The name of the task.
  const std::string& task() const { return task_; }

 private:
  std::string task_;
};

/// Where finished tasks are kept: TaskFolder (basin/tasks/task_folder.hpp). Called from several threads.
class TaskStore {
 public:
  TaskStore() = default;
  TaskStore(const TaskStore&) = delete;
  TaskStore& operator=(const TaskStore&) = delete;
  virtual ~TaskStore() = default;
  /// The result that is kept of this task, or nothing.
  [[nodiscard]] virtual std::optional<Bytes> load(const std::string& task) const = 0;
  /// Keeps the result of this task.
  virtual void save(const std::string& task, const Bytes& result) const = 0;
};

class TaskRunner;

/// How a list of tasks is run.
struct TaskOptions {
  /// Tasks whose results are kept there are not run again; what finishes is kept as soon as it does, also
  /// where the run fails later on. nullptr: nothing is kept.
  const TaskStore* store = nullptr;
  /// Once it is true no task is begun, and the result of a task that ends later counts as unfinished: it may
  /// have been cut short.
  const std::atomic<bool>* cancel = nullptr;
  /// false: one task after the other, each with all threads. true: as many at a time as there are threads,
  /// each with one, which is faster for many short tasks and takes the memory of all. Runs in this process
  /// alone look at it.
  bool side_by_side = false;
  /// Called with how many tasks of how many are finished, after each: one call at a time, from any thread.
  std::function<void(std::size_t finished, std::size_t all)> on_progress = {};
  /// Who runs the tasks; nullptr: this process.
  const TaskRunner* runner = nullptr;
};

/// Another way to run a list of tasks than in this process.
class TaskRunner {
 public:
  TaskRunner() = default;
  TaskRunner(const TaskRunner&) = delete;
  TaskRunner& operator=(const TaskRunner&) = delete;
  virtual ~TaskRunner() = default;
  /// Runs all tasks: see run_tasks.
  [[nodiscard]] virtual TaskResults run(const std::vector<Task>& tasks, const TaskOptions& options) const = 0;
};

namespace detail {

/// How one task ended.
struct TaskOutcome {
  enum class Kind { finished, failed, cancelled };
  Kind kind;
  Bytes bytes;  // the result, or the words of the exception
};

inline Bytes words_as_bytes(const std::string& words) { return {words.begin(), words.end()}; }

inline bool is_set(const std::atomic<bool>* flag) { return flag != nullptr && *flag; }

/// Runs a task; throws nothing.
inline TaskOutcome outcome_of(const Task& task, const std::atomic<bool>* cancel) {
  using Kind = TaskOutcome::Kind;
  try {
    Bytes result = task.run();
    if (is_set(cancel)) return {Kind::cancelled, {}};
    return {Kind::finished, std::move(result)};
  } catch (const std::exception& e) {
    if (is_set(cancel)) return {Kind::cancelled, {}};  // work cut short may well throw
    return {Kind::failed, words_as_bytes(e.what())};
  } catch (...) {
    return {Kind::failed, words_as_bytes("an exception of unknown type")};
  }
}

/// Why a run failed, in a form that can be sent.
struct TaskFailure {
  enum class Kind { task, file, other };
  Kind kind = Kind::other;
  std::string task, words;
  [[noreturn]] void raise() const {
    if (kind == Kind::task) throw TaskError(task, words);
    if (kind == Kind::file) throw FileError(words);
    throw std::runtime_error(words);
  }
};

/// f(), an exception of which becomes a TaskFailure that belongs to no task.
template <class F>
std::optional<TaskFailure> failure_of(const F& f) {
  try {
    f();
    return {};
  } catch (const FileError& e) {
    return TaskFailure{TaskFailure::Kind::file, "", e.what()};
  } catch (const std::exception& e) {
    return TaskFailure{TaskFailure::Kind::other, "", e.what()};
  } catch (...) {
    return TaskFailure{TaskFailure::Kind::other, "", "an exception of unknown type"};
  }
}

/// Hands tasks out in the order of the list and takes outcomes in, from any thread. Nothing is handed out
/// after a failure. Every task before one that was handed out was handed out, too, and ends: so the first
/// failure in the list's order is the same whoever runs the tasks.
class TaskDesk {
 public:
  TaskDesk(const std::vector<Task>& tasks, const TaskOptions& options)
      : tasks_(tasks), options_(options), results_(tasks.size()) {
    if (options.store == nullptr) return;
    stop_for(failure_of([&] {
      for (std::size_t k = 0; k < tasks.size(); ++k) {
        results_[k] = options.store->load(tasks[k].name);
        finished_ += results_[k].has_value() ? 1 : 0;
      }
    }));
  }
  TaskDesk(const TaskDesk&) = delete;
  TaskDesk& operator=(const TaskDesk&) = delete;
  ~TaskDesk() = default;

  /// The next task that somebody must run; none: no further one will come.
  std::optional<std::size_t> next() {
    const std::lock_guard lock(mutex_);
    if (stopped_ || is_set(options_.cancel)) return {};
    while (next_ < tasks_.size() && results_[next_]) ++next_;
    if (next_ == tasks_.size()) return {};
    return next_++;
  }
  /// Takes in how task k ended.
  void take(std::size_t k, TaskOutcome outcome) {
    using Kind = TaskOutcome::Kind;
    if (outcome.kind == Kind::cancelled) return stop();
    if (outcome.kind == Kind::failed) return fail(k, std::string(outcome.bytes.begin(), outcome.bytes.end()));
    if (options_.store != nullptr)
      stop_for(failure_of([&] { options_.store->save(tasks_[k].name, outcome.bytes); }));
    const std::lock_guard lock(mutex_);
    results_[k] = std::move(outcome.bytes);
    ++finished_;
    if (!options_.on_progress) return;
    const auto problem = failure_of([&] { options_.on_progress(finished_, tasks_.size()); });
    if (problem && !failure_) failure_ = problem;
    stopped_ = stopped_ || problem;
  }
  /// No further task is handed out.
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  /// The same, for a reason, if there is one.
  void stop_for(const std::optional<TaskFailure>& reason) {
    if (!reason) return;
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (!failure_) failure_ = reason;
  }

  /// Once nobody works any more: why the run failed, if it did, and the results.
  std::optional<TaskFailure> failure() const {
    if (failure_ || !first_failed_) return failure_;
    return TaskFailure{TaskFailure::Kind::task, tasks_[*first_failed_].name, words_};
  }
  TaskResults take_results() { return std::move(results_); }

 private:
  void fail(std::size_t k, std::string words) {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (first_failed_ && *first_failed_ < k) return;
    first_failed_ = k;
    words_ = std::move(words);
  }

  const std::vector<Task>& tasks_;
  const TaskOptions& options_;
  std::mutex mutex_;
  TaskResults results_;
  std::size_t next_ = 0, finished_ = 0;
  bool stopped_ = false;
  std::optional<TaskFailure> failure_;
  std::optional<std::size_t> first_failed_;
  std::string words_;
};

inline TaskResults run_tasks_here(const std::vector<Task>& tasks, const TaskOptions& options) {
  TaskDesk desk(tasks, options);
  parallel_for(options.side_by_side ? free_threads() : 1, [&](Index) {
    while (const auto k = desk.next()) desk.take(*k, outcome_of(tasks[*k], options.cancel));
  });
  if (const auto failure = desk.failure()) failure->raise();
  return desk.take_results();
}

inline void check_tasks(const std::vector<Task>& tasks) {
  std::set<std::string> names;
  for (std::size_t k = 0; k < tasks.size(); ++k) {
    require(!tasks[k].name.empty() && tasks[k].run, "run_tasks: every task needs a name and work, task ", k,
            " (counted from 0) has none");
    require(names.insert(tasks[k].name).second, "run_tasks: every task needs a name of its own, \"",
            tasks[k].name, "\" is there twice");
  }
}

}  // namespace detail

/// The results of the tasks, in their order. With a runner of several ranks this is called on all of them
/// with the same list, and all get the same results or exception. Throws TaskError if a task threw, when
/// those that ran beside it have ended; FileError if the store has a damaged file or cannot be written;
/// std::invalid_argument for a task without name or work, or two of one name.
[[nodiscard]] inline TaskResults run_tasks(const std::vector<Task>& tasks, const TaskOptions& options = {}) {
  detail::check_tasks(tasks);
  return options.runner != nullptr ? options.runner->run(tasks, options)
                                   : detail::run_tasks_here(tasks, options);
}

/// The same for results of any type that can be packed (basin/tasks/packed.hpp): work(0), work(1), ..., the
/// tasks of these names.
///
///     const auto radii = run_tasks(names, [&](std::size_t k) { return radius(seeds[k]); });
///     if (radii[0]) use(*radii[0]);
template <class Work>
[[nodiscard]] auto run_tasks(const std::vector<std::string>& names, const Work& work,
                             const TaskOptions& options = {}) {
  using T = std::decay_t<std::invoke_result_t<const Work&, std::size_t>>;
  std::vector<Task> tasks;
  for (std::size_t k = 0; k < names.size(); ++k)
    tasks.push_back({names[k], [&work, k] { return packed(work(k)); }});
  std::vector<std::optional<T>> values;
  for (const std::optional<Bytes>& bytes : run_tasks(tasks, options))
    values.push_back(bytes ? std::optional<T>(unpacked<T>(*bytes)) : std::nullopt);
  return values;
}

}  // namespace basin
