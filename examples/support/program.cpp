#include "support/program.hpp"

#include <chrono>        // std::chrono
#include <cstdio>        // std::fputs, std::fprintf
#include <ctime>         // std::strftime
#include <system_error>  // std::error_code

#include "basin/core/error.hpp"      // FileError
#include "basin/core/parallel.hpp"   // set_num_threads, num_threads
#include "basin/io/atomic_file.hpp"  // write_atomically
#include "support/text.hpp"          // text

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
  for (const std::string& note : r.notes) std::fputs(text("\n  Note: ", note, "\n").c_str(), stdout);
  const std::string which = r.claims.empty() ? "no claims"
                                             : text(r.claims_that_hold(), " of ", r.claims.size(),
                                                    r.claims.size() == 1 ? " claim holds" : " claims hold",
                                                    r.all_in_band() ? ", all within their bands" : "");
  std::fputs(text("\n", r.name, ": ", which, r.interrupted ? ", interrupted" : "",
                  !r.error.empty() ? ", failed" : "", ", ", duration(r.seconds), ", written to ",
                  (out / (r.name + ".json")).string(), "\n")
                 .c_str(),
             stdout);
  std::fflush(stdout);
}

int exit_status(const Result& r) {
  if (!r.error.empty()) return failed;
  if (r.interrupted) return was_interrupted;
  return r.all_in_band() ? all_in_band : outside_band;
}

}  // namespace

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
    result.figures.push_back({file, caption});
  else
    note(file + " was not drawn: " + drawn.problem);
}

int run_program(const std::string& name, const std::string& title, const SeedCount& count, int argc,
                const char* const* argv, const std::function<void(Program&)>& body) {
  Options options;
  try {
    options = parse_options(name, title, count, argc, argv);
  } catch (const Usage& usage) {
    return usage.print();
  }
  install_interrupt_handler();
  set_num_threads(options.threads);
  const auto start = std::chrono::steady_clock::now();

  Result blank;
  blank.name = name;
  blank.title = title;
  blank.mode = options.full ? "full" : "quick";
  blank.date = utc_now();
  blank.command = reproduce_command(name, options, count);
  blank.threads = num_threads();
  for (int k = 0; k < options.seeds; ++k) blank.seeds.push_back(options.seed + static_cast<std::uint64_t>(k));
  Program program(options, blank);
  std::fputs(text(title, "\n").c_str(), stdout);
  std::fflush(stdout);
  try {
    std::error_code error;
    std::filesystem::create_directories(options.out, error);
    if (!std::filesystem::is_directory(options.out))
      throw FileError(
          text("--out ", options.out.string(), ": is no directory and cannot be made: ", error.message()));
    // Should this process be killed, no older result must pass for this run's.
    blank.error = "the program did not run to its end";
    write_result(blank, options.out);
    body(program);
  } catch (const std::exception& e) {
    program.result.error = e.what();
  } catch (...) {
    program.result.error = "an exception of unknown type";
  }
  Result& r = program.result;
  r.interrupted = interrupted();
  if (r.interrupted && !r.error.empty()) {  // work cut short may well throw: no error of its own
    program.note("The interrupted work ended with: " + r.error);
    r.error.clear();
  }
  r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!r.error.empty()) std::fputs(text(name, ": error: ", r.error, "\n").c_str(), stderr);
  try {
    write_result(r, options.out);
  } catch (const std::exception& e) {
    // Said once: when nothing can be written there, that is the error above already.
    if (r.error.empty()) std::fputs(text(name, ": error: ", e.what(), "\n").c_str(), stderr);
    return failed;
  }
  print_end(r, options.out);
  return exit_status(r);
}

}  // namespace basin::examples
