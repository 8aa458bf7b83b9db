#include "support/program.hpp"

#include <chrono>        // std::chrono
#include <cstdio>        // std::fputs, std::fprintf
#include <ctime>         // std::strftime
#include <optional>      // std::optional
#include <system_error>  // std::error_code

#include "basin/core/error.hpp"         // FileError
#include "basin/core/parallel.hpp"      // set_num_threads, num_threads
#include "basin/io/atomic_file.hpp"     // write_atomically
#include "basin/tasks/task_folder.hpp"  // TaskFolder
#include "support/text.hpp"             // text

namespace basin::examples {

namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char buffer[32];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer;
}

void write_result(const Result& result, const std::filesystem::path& out) {
  write_atomically(out / (result.name + ".json"), to_json(result));
}

void print_end(const Result& r, const std::filesystem::path& out) {
  if (!r.claims.empty()) std::fputs(("\n" + claims_table(r.claims)).c_str(), stdout);
  for (const std::string& note : r.notes)
    std::fputs(("\n" + in_lines("Note: " + note, 80, "  ")).c_str(), stdout);
  const std::string end = text(r.name, ": ", tally_text(r.tally()), r.interrupted ? ", interrupted" : "",
                               !r.error.empty() ? ", failed" : "", ", ", duration(r.seconds), ", written to ",
                               (out / (r.name + ".json")).string());
  std::fputs(("\n" + in_lines(end, 80)).c_str(), stdout);
  std::fflush(stdout);
}

int exit_status(const Result& r) {
  if (!r.error.empty()) return failed;
  if (r.interrupted) return was_interrupted;
  return r.all_in_band() ? all_in_band : outside_band;
}

/// What a run with these options has before any work.
Result blank_result(const std::string& name, const std::string& title, const Options& options,
                    const SeedCount& count) {
  Result blank;
  blank.name = name;
  blank.title = title;
  blank.mode = options.full ? "full" : "quick";
  blank.date = utc_now();
  blank.command = reproduce_command(name, options, count);
  blank.threads = num_threads();
  for (int k = 0; k < options.seeds; ++k) blank.seeds.push_back(options.seed + static_cast<std::uint64_t>(k));
  return blank;
}

void make_folder(const std::filesystem::path& out) {
  std::error_code error;
  std::filesystem::create_directories(out, error);
  if (!std::filesystem::is_directory(out))
    throw FileError(text("--out ", out.string(), ": is no directory and cannot be made: ", error.message()));
}

/// Why the other ranks have nothing to do, "" if they have.
std::string why_alone(const SeedCount& count, const Ranks& ranks) {
  if (ranks.size() == 1 || (count.over_ranks && Ranks::linked())) return "";
  return text("Started on ", ranks.size(), " ranks: the first one does all the work, since this program ",
              count.over_ranks ? "was built without MPI (BASIN_USE_MPI)." : "does not share its work.");
}

/// Runs the body and puts what went wrong into the result.
void run_body(Program& program, const Result& blank, const std::function<void(Program&)>& body) {
  try {
    if (program.writes()) {
      make_folder(program.options.out);
      // Should this process be killed, no older result must pass for this run's.
      Result unfinished = blank;
      unfinished.error = "the program did not run to its end";
      write_result(unfinished, program.options.out);
    }
    body(program);
  } catch (const std::exception& e) {
    program.result.error = e.what();
  } catch (...) {
    program.result.error = "an exception of unknown type";
  }
}

/// Writes and prints what was found; the exit status.
int finish(const std::string& name, const Result& r, const std::filesystem::path& out) {
  if (!r.error.empty()) std::fputs(text(name, ": error: ", r.error, "\n").c_str(), stderr);
  try {
    write_result(r, out);
  } catch (const std::exception& e) {
    // Said once: when nothing can be written there, that is the error above already.
    if (r.error.empty()) std::fputs(text(name, ": error: ", e.what(), "\n").c_str(), stderr);
    return failed;
  }
  print_end(r, out);
  return exit_status(r);
}

/// The whole life of one rank, or of the only process.
int run_rank(const Result& blank, const Options& options, const Ranks& ranks, const std::string& alone,
             const std::function<void(Program&)>& body) {
  const auto start = std::chrono::steady_clock::now();
  Program program(options, blank, ranks);
  std::fputs(in_lines(blank.title, 80).c_str(), stdout);
  std::fflush(stdout);
  if (!alone.empty()) {
    std::fputs(text(blank.name, ": ", alone, "\n").c_str(), stderr);
    program.note(alone);
  }
  run_body(program, blank, body);
  Result& r = program.result;
  r.interrupted = interrupted();
  if (r.interrupted && !r.error.empty()) {  // work cut short may well throw: no error of its own
    program.note("The interrupted work ended with: " + r.error);
    r.error.clear();
  }
  r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (ranks.first()) return finish(blank.name, r, options.out);
  return r.error.empty() ? all_in_band : failed;  // the first rank says how it went
}

}  // namespace

void Program::over_ranks(const std::vector<std::string>& names,
                         const std::function<void(const TaskOptions&)>& run) {
  for (const std::string& name : names)
    require(task_names_.insert(name).second, "Program::tasks: two tasks are called \"", name, "\"");
  Progress progress(text(result.name, " over ", ranks_.size(), ranks_.size() == 1 ? " rank" : " ranks"));
  TaskOptions o;
  o.runner = ranks_.runner();
  o.cancel = &interrupt_flag();
  o.on_progress = [&](std::size_t finished, std::size_t all) {
    progress.update(static_cast<double>(finished) / static_cast<double>(all),
                    text(finished, " of ", all, " tasks"));
  };
  std::optional<TaskFolder> folder;
  if (full() && writes()) {
    folder.emplace(checkpoints() / "tasks", text(result.name, " --full, data ", options.data, ", ",
                                                 result.data, ", program ", program_fingerprint()));
    o.store = &*folder;
    note(text("Finished tasks are in ", (checkpoints() / "tasks").string(),
              "; a further run of the same program over ranks takes them from there."));
  }
  struct Silence {
    explicit Silence(bool later) : afterwards(later) { silence_progress(true); }
    ~Silence() { silence_progress(afterwards); }
    bool afterwards;
  };
  const Silence silence(!writes());
  run(o);
}

ImageData Program::images() {
  ImageData data = find_images(options.data);
  result.data = data.description;
  return data;
}

void Program::note(std::string what) {
  for (const std::string& n : result.notes)
    if (n == what) return;
  result.notes.push_back(std::move(what));
}

void Program::note_checkpoints(const std::string& what) {
  if (full())
    note(text(what, " are in ", checkpoints().string(),
              "; a further run with the same settings takes them from there. Delete them to begin anew."));
}

void Program::add_figure(const std::string& file, const std::string& caption, const Drawn& drawn) {
  if (drawn)
    result.figures.push_back({file, caption, drawn.look});
  else
    note(file + " was not drawn: " + drawn.problem);
}

int run_program(const std::string& name, const std::string& title, const SeedCount& count, int argc,
                const char* const* argv, const std::function<void(Program&)>& body) {
  Ranks ranks;
  Options options;
  try {
    options = parse_options(name, title, count, argc, argv);
  } catch (const Usage& usage) {
    return ranks.first() ? usage.print() : usage.status;
  }
  const std::string alone = why_alone(count, ranks);
  if (!alone.empty()) ranks.work_alone();
  if (!ranks.first()) {
    if (!alone.empty()) return all_in_band;
    silence_progress(true);
    if (std::freopen("/dev/null", "w", stdout) == nullptr) return failed;
  }
  install_interrupt_handler();
  set_num_threads(options.threads == 0 ? ranks.threads() : options.threads);
  const Result blank = blank_result(name, title, options, count);
  const int status = run_rank(blank, options, ranks, alone, body);
  ranks.leave(status == failed);
  return status;
}

}  // namespace basin::examples
