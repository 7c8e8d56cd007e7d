using System.Runtime.InteropServices;
using TokenHub.Chaos.Commands;
using TokenHub.Chaos.Faults;

namespace TokenHub.Chaos;

/// <summary>The rig's commands; what it starts ends with it, however it ends.</summary>
internal static class Program
{
    private const string Help = """
        short  [--backend redis|cluster|garnet] [--seed N]            each fault once; --from F13 leaves out those before
        fault F07[+F15] [--backend ...] [--seed N] [--profile long]   one fault, or several at once
        pairs  [--backend ...] [--seed N]                             the 21 pairs
        long   [--seed N]                                             every fault and pair on every backend
        kills  [--requests 200000] [--kills 100] [--rollbacks 20]     endurance, every unit counted
        outage [--minutes 10] [--rate 200]                            PostgreSQL away, then drained
        wipe   [--accounts 100000]                                    Redis wiped with many accounts
        list                                                          the faults
        --logs FOLDER keeps the logs of the planes of a failed trial.
        """;

    private static async Task<int> Main(string[] arguments)
    {
        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        try
        {
            return await RunAsync(Settings.Parse(arguments), stop.Token) ? 0 : 1;
        }
        catch (ArgumentException error)
        {
            await Console.Error.WriteLineAsync($"{error.Message}\n{Help}");
            return 2;
        }
        catch (Exception error) when (stop.IsCancellationRequested && error is not OutOfMemoryException)
        {
            Console.WriteLine("stopped; 0 passed, 1 failed");
            return 130;
        }

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<bool> RunAsync(Settings settings, CancellationToken cancel)
    {
        switch (settings.Command)
        {
            case "list":
                foreach (var fault in FaultTable.All)
                {
                    Console.WriteLine($"{fault.Id}  {fault.Says}");
                }

                return true;
            case "short":
                var first = settings.Options.GetValueOrDefault("from", "");
                return await PlayAsync(
                    settings,
                    FaultTable.All.Where(fault => string.CompareOrdinal(fault.Id, first) >= 0)
                        .Select(fault => (IReadOnlyList<IFault>)[fault]),
                    cancel);
            case "pairs":
                return await PlayAsync(settings, FaultTable.Pairs, cancel);
            case "fault":
                return await PlayAsync(settings, [[.. settings.Subject.Split('+').Select(FaultTable.Of)]], cancel);
            case "long":
                return await LongAsync(settings, cancel);
            case "kills":
                return await new KillsRun(settings, cancel).RunAsync();
            case "outage":
                return await new OutageRun(settings, cancel).RunAsync();
            case "wipe":
                return await new WipeRun(settings, cancel).RunAsync();
            default:
                throw new ArgumentException($"There is no command '{settings.Command}'.");
        }
    }

    private static async Task<bool> LongAsync(Settings settings, CancellationToken cancel)
    {
        var isWell = true;
        foreach (var backend in Settings.Backends)
        {
            var options = new Dictionary<string, string>(settings.Options) { ["backend"] = backend, ["profile"] = "long" };
            var all = FaultTable.All.Select(fault => (IReadOnlyList<IFault>)[fault]).Concat(FaultTable.Pairs);
            isWell &= await PlayAsync(settings with { Options = options }, all, cancel);
        }

        return isWell;
    }

    private static async Task<bool> PlayAsync(
        Settings settings, IEnumerable<IReadOnlyList<IFault>> lists, CancellationToken cancel)
    {
        Console.WriteLine($"seed {settings.Seed}, backend {settings.Backend}");
        await using var trials = new Trials(settings, cancel);
        foreach (var faults in lists)
        {
            cancel.ThrowIfCancellationRequested();
            await trials.PlayAsync(faults);
        }

        await trials.CollectAsync();
        return trials.Sum();
    }
}
