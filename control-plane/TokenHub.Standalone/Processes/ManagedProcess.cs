using System.Diagnostics;

namespace TokenHub.Standalone.Processes;

/// <summary>One child: started, logged, started again when it dies, stopped when asked.</summary>
public sealed class ManagedProcess(ProcessSpec spec, ProcessLog log, RunRecord record) : IDisposable
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(5);

    /// <summary>A child that lived this long has proved itself: the next pause is short again.</summary>
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private Process? _process;
    private Task _watching = Task.CompletedTask;

    public string Name => spec.Name;

    public string RecentOutput => log.Recent;

    /// <summary>The exit code when the child ended with one of its final codes, else null.</summary>
    public int? FinalExitCode { get; private set; }

    /// <summary>Times it has been started again after it died.</summary>
    public int Restarts { get; private set; }

    public void Start()
    {
        Launch();
        _watching = WatchAsync();
    }

    /// <summary>Asks it to stop, and ends it when it does not in time.</summary>
    /// <param name="left">What is left for all; a part has its usual few seconds even so.</param>
    public async Task StopAsync(TimeSpan left)
    {
        await _stopping.CancelAsync();
        await _watching;
        if (_process is not { } process)
        {
            return;
        }

        if (!process.HasExited)
        {
            Signals.Send(process.Id, spec.StopSignal);
            var within = left < ProcessSpec.StopWithinUsual ? ProcessSpec.StopWithinUsual : left;
            using var limit = new CancellationTokenSource(spec.StopWithin < within ? spec.StopWithin : within);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Signals.Send(process.Id, Signals.Kill);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        record.Remove(spec.Name);
    }

    public void Dispose()
    {
        _process?.Dispose();
        _stopping.Dispose();
    }

    private void Launch()
    {
        var process = ProcessLauncher.Create(spec);
        process.OutputDataReceived += (_, line) => log.Write(line.Data);
        process.ErrorDataReceived += (_, line) => log.Write(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process?.Dispose();
        _process = process;
        record.Add(spec.Name, process.Id);
    }

    private async Task WatchAsync()
    {
        var pause = PauseMin;
        while (true)
        {
            var started = Stopwatch.StartNew();
            try
            {
                await _process!.WaitForExitAsync(_stopping.Token);
                if (spec.FinalExitCodes.Contains(_process.ExitCode))
                {
                    FinalExitCode = _process.ExitCode;
                    return;
                }

                pause = started.Elapsed > Steady ? PauseMin : pause;
                log.Write(
                    $"[{spec.Name} ended with {_process.ExitCode}; starting it again in {pause.TotalSeconds:0.0} s]");
                await Task.Delay(pause, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = pause * 2 > PauseMax ? PauseMax : pause * 2;
            Restarts++;
            Launch();
        }
    }
}
