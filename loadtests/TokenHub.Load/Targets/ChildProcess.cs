using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TokenHub.Load.Targets;

/// <summary>A process of ours: started, listened to until it is ready, asked to stop, ended if it does not.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int RecentLinesMax = 30;
    private readonly Process _process;
    private readonly string _name;
    private readonly Queue<string> _recent = new();
    private readonly TimeSpan _stopWithin;
    private string _awaited = "\0";
    private TaskCompletionSource<string> _found = new();

    private ChildProcess(string name, ProcessStartInfo start, TimeSpan stopWithin)
    {
        (_name, _stopWithin) = (name, stopWithin);
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Exited += (_, _) => _found.TrySetException(Ended());
    }

    public int Id => _process.Id;

    /// <summary>Starts a .NET assembly with the same runtime that runs this one.</summary>
    public static ChildProcess StartDotNet(
        string name, string assembly, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables,
        TimeSpan stopWithin)
    {
        var dotnet = Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet"
            ? self
            : "dotnet";
        return Start(name, dotnet, ["exec", assembly, .. arguments], variables, stopWithin);
    }

    public static ChildProcess Start(
        string name, string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables,
        TimeSpan stopWithin)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (variable, value) in variables)
        {
            start.Environment[variable] = value;
        }

        var child = new ChildProcess(name, start, stopWithin);
        child._process.Start();
        child._process.StandardInput.Close();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>The first line that begins so, said already or still to come.</summary>
    public async Task<string> WaitForLineAsync(string beginning, TimeSpan within, CancellationToken cancel)
    {
        lock (_recent)
        {
            if (_recent.FirstOrDefault(l => l.StartsWith(beginning, StringComparison.Ordinal)) is { } said)
            {
                return said;
            }

            _awaited = beginning;
        }

        try
        {
            return await _found.Task.WaitAsync(within, cancel);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(
                $"{_name} did not say '{beginning}' within {within.TotalSeconds:0} s:\n{Recent()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = SysKill(_process.Id, Terminate);
            using var limit = new CancellationTokenSource(_stopWithin);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_recent)
        {
            _recent.Enqueue(line);
            if (_recent.Count > RecentLinesMax)
            {
                _recent.Dequeue();
            }

            if (line.StartsWith(_awaited, StringComparison.Ordinal))
            {
                _found.TrySetResult(line);
            }
        }
    }

    private InvalidOperationException Ended() => new($"{_name} ended early:\n{Recent()}");

    private string Recent()
    {
        lock (_recent)
        {
            return string.Join('\n', _recent);
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SysKill(int pid, int signal);
}
