using System.Runtime.InteropServices;

namespace TokenHub.Standalone.Start;

/// <summary>
/// Ctrl-C, a closed terminal or a polite kill: the first one asks for an orderly stop, later ones change nothing.
/// </summary>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private int _asked;
    private readonly List<PosixSignalRegistration> _registrations;

    public StopSignal()
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
        ];
    }

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Exchange(ref _asked, 1) == 0)
        {
            Console.Out.WriteLine("stopping: the gateway finishes its streams first (up to 30 s)");
            _stop.Cancel();
        }
    }
}
