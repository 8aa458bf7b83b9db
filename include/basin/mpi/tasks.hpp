// A list of tasks over the ranks of MPI, handed out as ranks become free.
#pragma once
#include <algorithm>  // std::min
#include <cstdint>    // std::int64_t
#include <limits>     // std::numeric_limits
#include <optional>   // std::optional
#include <string>     // std::string
#include <thread>     // std::thread
#include <utility>    // std::pair, std::move
#include <vector>     // std::vector

#include "basin/core/bit_cast.hpp"      // bit_cast
#include "basin/data/bytes.hpp"         // Bytes
#include "basin/mpi/session.hpp"        // Session, Error, detail::check, detail::Nap
#include "basin/tasks/packed.hpp"       // packed, unpacked
#include "basin/tasks/run_tasks.hpp"    // Task, TaskOptions, TaskRunner, detail::TaskDesk
#include "basin/tasks/task_folder.hpp"  // detail::fingerprint

namespace basin::inline BASIN_ABI::mpi {

namespace detail {

using basin::detail::TaskDesk;
using basin::detail::TaskFailure;
using basin::detail::TaskOutcome;

/// What a rank tells rank 0; `bytes` bytes follow.
struct Report {
  enum Kind : std::int64_t { ready, finished, failed, cancelled };
  std::int64_t kind = ready;
  std::int64_t task = 0;  // of ready: the fingerprint of the list's names
  std::int64_t bytes = 0;
};

inline constexpr int report_tag = 1, payload_tag = 2, order_tag = 3;
inline constexpr std::int64_t no_more = -1;  // the order that ends a rank's work

/// call(begin, count) for pieces whose size an int can count.
template <class Byte, class Call>
void in_pieces(Byte* data, std::size_t size, const Call& call) {
  constexpr std::size_t piece = std::size_t(1) << 30;
  for (std::size_t at = 0; at < size; at += piece)
    call(data + at, static_cast<int>(std::min(piece, size - at)));
}

/// Naps until a message with this tag from `source` is there; whose it is.
inline int wait_for(MPI_Comm comm, int source, int tag) {
  MPI_Status status;
  Nap nap;
  for (int there = 0;; nap.take()) {
    check(MPI_Iprobe(source, tag, comm, &there, &status), "MPI_Iprobe");
    if (there != 0) return status.MPI_SOURCE;
  }
}

inline void send_report(MPI_Comm comm, const Report& r, const Bytes& bytes) {
  check(MPI_Send(&r, 3, MPI_INT64_T, 0, report_tag, comm), "MPI_Send");
  in_pieces(bytes.data(), bytes.size(), [&](const unsigned char* from, int n) {
    check(MPI_Send(from, n, MPI_UNSIGNED_CHAR, 0, payload_tag, comm), "MPI_Send");
  });
}

inline std::pair<Report, Bytes> receive_report(MPI_Comm comm, int source) {
  Report r;
  check(MPI_Recv(&r, 3, MPI_INT64_T, source, report_tag, comm, MPI_STATUS_IGNORE), "MPI_Recv");
  Bytes bytes(static_cast<std::size_t>(r.bytes));
  in_pieces(bytes.data(), bytes.size(), [&](unsigned char* to, int n) {
    check(MPI_Recv(to, n, MPI_UNSIGNED_CHAR, source, payload_tag, comm, MPI_STATUS_IGNORE), "MPI_Recv");
  });
  return {r, std::move(bytes)};
}

inline void send_order(MPI_Comm comm, int rank, std::int64_t task) {
  check(MPI_Send(&task, 1, MPI_INT64_T, rank, order_tag, comm), "MPI_Send");
}

/// Rank 0's bytes on all ranks.
inline void broadcast(MPI_Comm comm, Bytes& bytes) {
  std::uint64_t size = bytes.size();
  check(MPI_Bcast(&size, 1, MPI_UINT64_T, 0, comm), "MPI_Bcast");
  bytes.resize(static_cast<std::size_t>(size));
  in_pieces(bytes.data(), bytes.size(), [&](unsigned char* data, int n) {
    check(MPI_Bcast(data, n, MPI_UNSIGNED_CHAR, 0, comm), "MPI_Bcast");
  });
}

inline std::int64_t list_fingerprint(const std::vector<Task>& tasks) {
  std::vector<std::string> names;
  names.reserve(tasks.size());
  for (const Task& t : tasks) names.push_back(t.name);
  return basin::detail::bit_cast<std::int64_t>(basin::detail::fingerprint(packed(names)));
}

/// What another rank than 0 does until it is told that there is no more.
inline void work_for_rank_0(MPI_Comm comm, const std::vector<Task>& tasks, const TaskOptions& options) {
  send_report(comm, {Report::ready, list_fingerprint(tasks), 0}, {});
  for (;;) {
    wait_for(comm, 0, order_tag);
    std::int64_t k = no_more;
    check(MPI_Recv(&k, 1, MPI_INT64_T, 0, order_tag, comm, MPI_STATUS_IGNORE), "MPI_Recv");
    if (k == no_more) return;
    const TaskOutcome outcome = basin::detail::outcome_of(tasks[static_cast<std::size_t>(k)], options.cancel);
    const std::int64_t kind = outcome.kind == TaskOutcome::Kind::finished ? Report::finished
                              : outcome.kind == TaskOutcome::Kind::failed ? Report::failed
                                                                          : Report::cancelled;
    send_report(comm, {kind, k, static_cast<std::int64_t>(outcome.bytes.size())}, outcome.bytes);
  }
}

/// A thread that works on a desk's tasks until there are none, or the object goes.
class DeskThread {
 public:
  DeskThread(TaskDesk& desk, const std::vector<Task>& tasks, const TaskOptions& options, bool works)
      : desk_(desk) {
    if (!works) return;
    ended_ = false;
    thread_ = std::thread([&desk, &tasks, &options, this] {
      while (const auto k = desk.next()) desk.take(*k, basin::detail::outcome_of(tasks[*k], options.cancel));
      ended_ = true;
    });
  }
  DeskThread(const DeskThread&) = delete;
  DeskThread& operator=(const DeskThread&) = delete;
  ~DeskThread() {
    desk_.stop();
    if (thread_.joinable()) thread_.join();
  }
  bool ended() const { return ended_; }

 private:
  TaskDesk& desk_;
  std::atomic<bool> ended_ = true;
  std::thread thread_;
};

/// Rank 0's side: answers reports with orders until nobody works any more, and then lets all ranks go.
class Handout {
 public:
  Handout(MPI_Comm comm, int size, TaskDesk& desk, const std::vector<Task>& tasks)
      : comm_(comm), size_(size), desk_(desk), list_(list_fingerprint(tasks)) {}

  void serve(const DeskThread& own) {
    Nap nap;
    while (static_cast<int>(idle_.size()) < size_ - 1 || !own.ended()) {
      int there = 0;
      MPI_Status status;
      check(MPI_Iprobe(MPI_ANY_SOURCE, report_tag, comm_, &there, &status), "MPI_Iprobe");
      if (there != 0) {
        answer(status.MPI_SOURCE);
        nap.restart();
      } else {
        nap.take();
      }
    }
    for (const int rank : idle_) send_order(comm_, rank, no_more);
  }

 private:
  void answer(int rank) {
    const auto [report, bytes] = receive_report(comm_, rank);
    if (report.kind == Report::ready && report.task != list_)
      desk_.stop_for(TaskFailure{TaskFailure::Kind::other, "",
                                 "run_tasks: rank " + std::to_string(rank) +
                                     " was given a list of tasks other than that of rank 0"});
    // What ends the run is looked at before the next order, a result that has to be written after it.
    if (report.kind == Report::failed || report.kind == Report::cancelled) take(report, bytes);
    if (const auto next = desk_.next())
      send_order(comm_, rank, static_cast<std::int64_t>(*next));
    else
      idle_.push_back(rank);
    if (report.kind == Report::finished) take(report, bytes);
  }
  void take(const Report& r, const Bytes& bytes) {
    const auto kind = r.kind == Report::finished ? TaskOutcome::Kind::finished
                      : r.kind == Report::failed ? TaskOutcome::Kind::failed
                                                 : TaskOutcome::Kind::cancelled;
    desk_.take(static_cast<std::size_t>(r.task), {kind, bytes});
  }

  MPI_Comm comm_;
  int size_;
  TaskDesk& desk_;
  std::int64_t list_;
  std::vector<int> idle_;
};

}  // namespace detail

/// Runs tasks on all ranks of a communicator: TaskOptions::runner of run_tasks, which is then called on every
/// rank with the same list. Every rank gets the same results, with the bits of a run in one process, or the
/// same exception.
///
/// Rank 0 hands out one task at a time to whoever is free, in the order of the list. It alone reads and
/// writes the store, so that hosts need not share a file system. It computes as well, in a second thread,
/// since its handing out takes next to no time: two ranks do twice the work of one. Where MPI gives less
/// than MPI_THREAD_FUNNELED to the thread that calls, it hands out only. A rank that waits sleeps.
///
/// After an exception in a task no further one is handed out; those that run come to their end and are kept.
/// A rank that dies takes the run with it, as mpirun sees to; what had finished is in the store.
class Ranks : public TaskRunner {
 public:
  /// Collective. MPI must have begun (Session) and must not end before this object.
  explicit Ranks(MPI_Comm comm = MPI_COMM_WORLD) {
    detail::check(MPI_Comm_dup(comm, &comm_), "MPI_Comm_dup");
    detail::check(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    detail::check(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
    detail::check(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
  }
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
  ~Ranks() override {
    int ended = 0;
    if (MPI_Finalized(&ended) == MPI_SUCCESS && ended == 0) MPI_Comm_free(&comm_);
  }
  /// Number of this process, from 0.
  int rank() const { return rank_; }
  /// How many processes.
  int size() const { return size_; }

  /// See run_tasks. Collective. Throws mpi::Error, too.
  [[nodiscard]] TaskResults run(const std::vector<Task>& tasks, const TaskOptions& options) const override {
    if (size_ == 1) return basin::detail::run_tasks_here(tasks, options);
    using End = std::pair<std::optional<detail::TaskFailure>, TaskResults>;
    Bytes bytes;
    if (rank_ == 0) {
      detail::TaskDesk desk(tasks, options);
      {
        const detail::DeskThread own(desk, tasks, options, may_compute());
        detail::Handout(comm_, size_, desk, tasks).serve(own);
      }
      End end(desk.failure(), {});
      if (!end.first) end.second = desk.take_results();
      bytes = packed(end);
    } else {
      detail::work_for_rank_0(comm_, tasks, options);
    }
    detail::broadcast(comm_, bytes);
    End end = unpacked<End>(bytes);
    if (end.first) end.first->raise();
    return std::move(end.second);
  }

 private:
  static bool may_compute() {
    int level = MPI_THREAD_SINGLE, main = 0;
    detail::check(MPI_Query_thread(&level), "MPI_Query_thread");
    detail::check(MPI_Is_thread_main(&main), "MPI_Is_thread_main");
    return level >= MPI_THREAD_SERIALIZED || (level == MPI_THREAD_FUNNELED && main != 0);
  }

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
};

}  // namespace basin::mpi
