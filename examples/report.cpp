// Writes OUT/report.html, the page that shows what the paper programs found.
#include <cstdio>     // std::printf, std::fprintf
#include <exception>  // std::exception

#include "support/command_line.hpp"  // parse_report_options
#include "support/report.hpp"        // write_report

int main(int argc, char** argv) {
  try {
    const basin::examples::ReportOptions options = basin::examples::parse_report_options(argc, argv);
    std::printf("%s\n", basin::examples::write_report(options.out, options.order).string().c_str());
    return 0;
  } catch (const basin::examples::Usage& usage) {
    return usage.print();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "report: error: %s\n", e.what());
    return 1;
  }
}
