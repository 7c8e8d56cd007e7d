using TokenHub.Standalone.Processes;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone.Servers;

/// <summary>Finds programs, and runs those that end by themselves.</summary>
public static class CommandLine
{
    /// <summary>Full path of the first of these programs on the PATH, or null.</summary>
    public static string? Find(params string[] names) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end; a failure refuses the start with what it printed last.</summary>
    public static async Task RunAsync(ProcessSpec spec, string? input, TimeSpan within, CancellationToken cancel)
    {
        using var process = ProcessLauncher.Create(spec);
        process.Start();
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var error = process.StandardError.ReadToEndAsync(cancel);
        await process.StandardInput.WriteAsync((input ?? "").AsMemory(), cancel);
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(within);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            throw new StartRefusedException($"{spec.Name} did not end within {within.TotalSeconds:0} s");
        }

        if (process.ExitCode != 0)
        {
            var text = (await error + await output).Trim();
            throw new StartRefusedException($"{spec.Name} failed:\n{text[^Math.Min(2_000, text.Length)..]}");
        }
    }
}
