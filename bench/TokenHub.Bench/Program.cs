using BenchmarkDotNet.Running;
using TokenHub.Bench;
using TokenHub.Bench.Settling;

const string Help = """
    TokenHub's micro-benchmarks.

      (nothing)           runs them all, briefly, in this process
      check               bytes allocated by each, against bench/baseline.json; exit code 1 when one allocates more
      check --update      the same, and writes what it found into bench/baseline.json
      translate           a chunk translated against one passed, by pair of dialects; exit code 1 when above three times
      settle              processor time of one settlement: record, log, group commit, slot; then with Redis and ledger;
                          exit code 1 when all of it is above 20 us from 5,000 a second on, or above 5 % of
                          a core below that
      ttft                time to the first byte while the log's disk stalls, and while not; exit code 1 when apart
      --filter *Usd* ...  any arguments of BenchmarkDotNet
    """;

switch (args)
{
    case ["--help"] or ["-h"]:
        Console.Out.WriteLine(Help);
        return 0;
    case ["check"]:
        return AllocationCheck.Run(update: false) ? 0 : 1;
    case ["check", "--update"]:
        return AllocationCheck.Run(update: true) ? 0 : 1;
    case ["translate"]:
        return TranslationCost.Run(Console.Out) ? 0 : 1;
    case ["settle"]:
        SettleCost.Run(Console.Out);
        return await SettleStages.RunAsync(Console.Out) ? 0 : 1;
    case ["ttft"]:
        return await FirstByteTime.RunAsync(Console.Out) ? 0 : 1;
    case [StubPlane.Command, var port]:
        StubPlane.Serve(port);
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(BenchConfig).Assembly)
            .Run(args.Length == 0 ? ["--filter", "*"] : args, new BenchConfig());
        return 0;
}
