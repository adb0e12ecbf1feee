//! `gomalloc completions SHELL` and `gomalloc man`: what a package ships beside the command.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::error::Failure;
use crate::output;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "gomalloc", &mut text);
    output::print(&text)
}

/// Prints the manual page: the command, then each of its commands.
pub(crate) fn man() -> Result<(), Failure> {
    let mut text = Vec::new();
    render(&mut text).map_err(|error| Failure::other(format!("manual page: {error}")))?;
    output::print(&text)
}

/// What no option tells.
const END: &str = r#".SH "EXIT STATUS"
\fBgomalloc run\fR ends as the program ends: with its status, or by the same signal.
Otherwise 2 stands for a wrong command line or a library that is not found, 126 for a program that cannot be run
or not be preloaded, 127 for one that is not found, 1 for any other failure.
Every failure is one line on standard error.
.SH "ENVIRONMENT"
.TP
\fBGOMALLOC_LIBRARY\fR
The library's file, where \fB\-\-library\fR does not name it.
.TP
\fBLD_PRELOAD\fR
What is named there is preloaded after the library, in the same order.
.TP
\fBXDG_RUNTIME_DIR\fR
Where running programs keep their figures; \fI/dev/shm\fR or the temporary directory where it is not set.
.SH "FILES"
.TP
\fIgomalloc\-UID/live\fR, \fIgomalloc\-UID/run\-*\fR
In that directory: one file of 4 KiB for each running program. Each is removed at the end; what killed
programs leave is removed by the next \fBgomalloc run\fR.
.SH "EXAMPLES"
.TP
\fBgomalloc run \-\-stats \-\- git log \-\-stat\fR
The figures of git and of every program that it starts.
.TP
\fBgomalloc run \-\- redis\-server & gomalloc top $!\fR
A server, and its memory as it runs.
.TP
\fBgomalloc bench \-\-with /usr/lib/x86_64\-linux\-gnu/libjemalloc.so.2 \-\- make\fR
Time and memory of a build on three allocators.
"#;

fn render(text: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Arguments::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(text)?;
    let mut sections = Vec::new();
    page.render_name_section(&mut sections)?;
    page.render_synopsis_section(&mut sections)?;
    page.render_description_section(&mut sections)?;
    write_section(text, &sections, ".SH")?;
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        let page = clap_mangen::Man::new(sub.clone());
        writeln!(text, ".SH \"GOMALLOC {}\"", sub.get_name().to_uppercase())?;
        sections.clear();
        page.render_synopsis_section(&mut sections)?;
        page.render_description_section(&mut sections)?;
        page.render_options_section(&mut sections)?;
        // What is a section in a command's own page is a paragraph of this one.
        write_section(text, &sections, ".SS")?;
    }
    text.extend_from_slice(END.as_bytes());
    Ok(())
}

/// Copies rendered sections, without the definitions that stand before each of them and once at the top.
fn write_section(text: &mut Vec<u8>, sections: &[u8], level: &str) -> io::Result<()> {
    let sections = String::from_utf8_lossy(sections);
    for line in sections
        .lines()
        .filter(|line| !line.starts_with(".ie ") && !line.starts_with(".el "))
    {
        writeln!(text, "{}", line.replacen(".SH", level, 1))?;
    }
    Ok(())
}
