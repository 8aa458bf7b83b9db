# Run by cpack: the files that Debian's policy asks for, in place of LICENSE.
set(doc ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc)
file(READ ${doc}/basin/LICENSE license)
file(REMOVE_RECURSE ${doc}/basin)

string(REGEX REPLACE "^[^\n]*\n+(Copyright[^\n]*)\n+" "" terms "${license}")
string(REGEX MATCH "Copyright[^\n]*" holder "${license}")
string(REGEX REPLACE "^Copyright *(\\([cC]\\))? *" "" holder "${holder}")
string(REGEX REPLACE "\n\n" "\n.\n" terms "${terms}")
string(STRIP "${terms}" terms)
string(REPLACE "\n" "\n " terms "${terms}")
file(WRITE ${doc}/libbasin-dev/copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: basin

Files: *
Copyright: ${holder}
License: Expat

License: Expat
 ${terms}
")

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/libbasin-dev/changelog "libbasin-dev (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION} of basin.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
execute_process(COMMAND gzip -9n ${doc}/libbasin-dev/changelog COMMAND_ERROR_IS_FATAL ANY)
