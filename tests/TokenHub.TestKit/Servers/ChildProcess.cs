using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace TokenHub.TestKit.Servers;

/// <summary>A real process under test. It dies with the test process, whatever kills that.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int OutputCharsMax = 1 << 20;
    private static readonly BlockingCollection<Action> SpawnerWork = StartSpawner();
    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private ChildProcess(Process process)
    {
        _process = process;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Everything written to standard output and standard error so far, within a bound.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <param name="asNobody">Drops privileges where the test runs as root; PostgreSQL refuses to run as root.</param>
    public static ChildProcess Start(
        string file,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        string? workingDirectory = null,
        bool asNobody = false)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingDirectory ?? "/",
        };
        var drop = asNobody && Environment.UserName == "root";
        if (File.Exists("/usr/bin/setpriv"))
        {
            start.FileName = "/usr/bin/setpriv";
            start.ArgumentList.Add("--pdeathsig=KILL");
            foreach (var argument in drop ? ["--reuid=nobody", "--regid=nogroup", "--clear-groups"] : Array.Empty<string>())
            {
                start.ArgumentList.Add(argument);
            }

            start.ArgumentList.Add("--");
            start.ArgumentList.Add(file);
        }
        else
        {
            start.FileName = file;
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return StartOnSpawner(start);
    }

    /// <summary>
    /// Waits until a line of output holds <paramref name="text"/>; fails with the output when it does not come.
    /// </summary>
    public async Task WaitForOutputAsync(string text, TimeSpan within)
    {
        var deadline = Stopwatch.StartNew();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            if (HasExited || deadline.Elapsed > within)
            {
                throw new InvalidOperationException(
                    $"'{text}' did not appear within {within} (exited: {HasExited}). Output:\n{Output}");
            }

            await Task.Delay(20);
        }
    }

    public void Kill() => Signal(9);

    public void Signal(int signal)
    {
        if (!HasExited)
        {
            _ = SysKill(Id, signal);
        }
    }

    public async Task<int> WaitForExitAsync(TimeSpan within)
    {
        using var timeout = new CancellationTokenSource(within);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SysKill(int pid, int signal);

    // The kernel ties "die with the parent" to the thread that forked, so all children start on one thread that never
    // ends.
    private static BlockingCollection<Action> StartSpawner()
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
            {
                action();
            }
        }) { IsBackground = true, Name = "spawner" }.Start();
        return work;
    }

    private static ChildProcess StartOnSpawner(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<ChildProcess>(TaskCreationOptions.RunContinuationsAsynchronously);
        SpawnerWork.Add(() =>
        {
            try
            {
                var child = new ChildProcess(new Process { StartInfo = start });
                child._process.OutputDataReceived += (_, line) => child.Append(line.Data);
                child._process.ErrorDataReceived += (_, line) => child.Append(line.Data);
                child._process.Start();
                child._process.BeginOutputReadLine();
                child._process.BeginErrorReadLine();
                started.SetResult(child);
            }
            catch (Exception error) when (error is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
                started.SetException(error);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    private void Append(string? line)
    {
        lock (_output)
        {
            if (line is not null && _output.Length < OutputCharsMax)
            {
                _output.Append(line).Append('\n');
            }
        }
    }
}
