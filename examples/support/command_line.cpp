#include "support/command_line.hpp"

#include <CLI/CLI.hpp>
#include <charconv>      // std::from_chars
#include <cstdio>        // std::fputs
#include <sstream>       // std::istringstream
#include <system_error>  // std::errc

#include "support/claims.hpp"  // in_lines
#include "support/text.hpp"    // text

namespace basin::examples {

namespace {

std::string usage_error(const std::string& name, const std::string& problem) {
  return text(name, ": ", problem, "\n`", name, " --help` lists the options.\n");
}

void parse(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    throw Usage{all_in_band, narrow_help(app.help())};
  } catch (const CLI::ParseError& e) {
    throw Usage{bad_usage, usage_error(app.get_name(), e.what())};
  }
}

/// `word` as a shell takes it.
std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                          "_-./:=,+@%") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string narrow_help(const std::string& help) {
  constexpr std::size_t width = 80, description = 30;  // where CLI11 begins descriptions
  std::string narrow, line;
  for (std::istringstream lines(help); std::getline(lines, line);) {
    if (line.size() <= width) {
      narrow += line + "\n";
      continue;
    }
    const std::size_t from = line.rfind("  ", 0) == 0 ? description : 0;
    std::string filled = in_lines(line.substr(from), width, std::string(from, ' '));
    narrow += filled.replace(0, from, line, 0, from);
  }
  return narrow;
}

int Usage::print() const {
  std::fputs(text.c_str(), status == all_in_band ? stdout : stderr);
  return status;
}

Options parse_options(const std::string& name, const std::string& title, const SeedCount& count, int argc,
                      const char* const* argv) {
  Options o;
  std::string out = o.out.string();
  std::string seed = "0";
  bool quick = false;
  o.seeds = 0;  // not said
  CLI::App app(title, name);
  CLI::Option* quick_flag = app.add_flag("--quick", quick, "seconds to a minute (the default)");
  app.add_flag("--full", o.full, "the paper's own sizes")->excludes(quick_flag);
  app.add_option("--data", o.data,
                 "directory with MNIST's original IDX files, plain or .gz (default: the embedded "
                 "Fashion-MNIST images)")
      ->type_name("DIR");
  app.add_option("--out", out, "where the pictures and " + name + ".json go (default: out)")
      ->type_name("DIR");
  app.add_option("--threads", o.threads, "number of threads, which changes no result (default: all)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  app.add_option("--seed", seed, "the first seed (default: 0)")->type_name("N");
  app.add_option("--seeds", o.seeds,
                 text("over how many seeds claims that depend on chance are run (default: ", count.quick,
                      ", with --full ", count.full, ")"))
      ->type_name("N")
      ->check(CLI::Range(1, 100000));
  parse(app, argc, argv);
  if (app.count("--data") > 0 && o.data.empty())
    throw Usage{bad_usage, usage_error(name, "--data: expected a directory, found an empty name")};
  if (out.empty())
    throw Usage{bad_usage, usage_error(name, "--out: expected a directory, found an empty name")};
  o.out = out;
  // Not by CLI11, to which -1 is 2^64 - 1.
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), o.seed);
  if (error != std::errc() || end != seed.data() + seed.size())
    throw Usage{bad_usage, usage_error(name, text("--seed: expected a whole number from 0 to ",
                                                  ~std::uint64_t(0), ", found '", seed, "'"))};
  if (o.seeds == 0) o.seeds = o.full ? count.full : count.quick;
  return o;
}

std::string reproduce_command(const std::string& name, const Options& o, const SeedCount& count) {
  std::string command = "examples/reproduce --only " + shell_quoted(name);
  if (o.full) command += " --full";
  if (!o.data.empty()) command += " --data " + shell_quoted(o.data);
  if (o.seed != 0) command += text(" --seed ", o.seed);
  if (o.seeds != (o.full ? count.full : count.quick)) command += text(" --seeds ", o.seeds);
  return command;
}

ReportOptions parse_report_options(int argc, const char* const* argv) {
  ReportOptions o;
  std::string out = o.out.string();
  CLI::App app("Writes OUT/report.html, the page that shows the results OUT/*.json of the paper programs",
               "report");
  app.add_option("--out", out, "the folder (default: out)")->type_name("DIR");
  app.add_option("--order", o.order, "names of results, in the order in which the page shows them")
      ->type_name("NAME,...")
      ->delimiter(',');
  parse(app, argc, argv);
  o.out = out;
  return o;
}

}  // namespace basin::examples
