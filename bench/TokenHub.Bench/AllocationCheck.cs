using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using BenchmarkDotNet.Attributes;

namespace TokenHub.Bench;

/// <summary>
/// Bytes allocated by one operation of each benchmark, counted exactly on this thread, and its time in round numbers.
/// The bytes must not exceed the baseline; times are only shown, for a shared machine doubles them from one minute to
/// the next.
/// </summary>
internal static class AllocationCheck
{
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromMilliseconds(250);
    private const int Rounds = 1000;

    public static bool Run(bool update)
    {
        var baseline = (JsonObject)JsonNode.Parse(File.ReadAllText(
            Path.Combine(AppContext.BaseDirectory, "baseline.json")))!;
        var found = new JsonObject();
        var isOk = true;
        foreach (var type in typeof(AllocationCheck).Assembly.GetTypes().Where(HasBenchmarks).OrderBy(t => t.Name))
        {
            foreach (var (name, bytes, nanoseconds) in Measure(type))
            {
                found[name] = bytes;
                var allowed = (double?)baseline[name];
                var verdict = allowed is null ? "new" : bytes > allowed ? $"MORE than {allowed}" : "ok";
                isOk &= update || allowed is not null && bytes <= allowed;
                Console.Out.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{name,-36} {bytes,10:0.##} B  {nanoseconds,10:0} ns  {verdict}"));
            }
        }

        if (update)
        {
            File.WriteAllText(BaselineFile(), found.ToJsonString(new() { WriteIndented = true }) + "\n");
        }

        return isOk;
    }

    private static IEnumerable<(string Name, double Bytes, double Nanoseconds)> Measure(Type type)
    {
        var subject = Activator.CreateInstance(type)!;
        var beginnings = subject as IBeginsAnew;
        foreach (var setup in type.GetMethods().Where(m => m.GetCustomAttribute<GlobalSetupAttribute>() is not null))
        {
            setup.Invoke(subject, null);
        }

        foreach (var method in type.GetMethods().Where(IsBenchmark).OrderBy(m => m.Name))
        {
            var operations = method.GetCustomAttribute<BenchmarkAttribute>()!.OperationsPerInvoke;
            var run = RunnerOf(subject, method);
            WarmUp(run);
            // The compiler's second thoughts allocate too, so the smallest of three counts.
            var best = (Bytes: long.MaxValue, Time: TimeSpan.MaxValue);
            for (var i = 0; i < 3; i++)
            {
                var begun = beginnings?.BeginningBytes ?? 0;
                var (bytes, start) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
                run(Rounds);
                var time = Stopwatch.GetElapsedTime(start);
                bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
                bytes -= (beginnings?.BeginningBytes ?? 0) - begun;
                best = (Math.Min(best.Bytes, bytes), time < best.Time ? time : best.Time);
            }

            yield return ($"{type.Name}.{method.Name}",
                Math.Round((double)best.Bytes / Rounds / operations, 2),
                best.Time.TotalNanoseconds / Rounds / operations);
        }

        (subject as IDisposable)?.Dispose();
    }

    // Long enough for the compiler's last word, which it says in the background.
    private static void WarmUp(Action<int> run)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < WarmUpTime)
        {
            run(100);
            Thread.Sleep(1);
        }
    }

    // A delegate of the method's own type: calling by reflection would box what it returns.
    private static Action<int> RunnerOf(object subject, MethodInfo method)
    {
        var type = method.ReturnType;
        if (type == typeof(void))
        {
            var action = method.CreateDelegate<Action>(subject);
            return count => Repeat(action, count);
        }

        var runner = typeof(AllocationCheck).GetMethod(
            nameof(RunnerOfValue), BindingFlags.NonPublic | BindingFlags.Static)!;
        return (Action<int>)runner.MakeGenericMethod(type).Invoke(null, [subject, method])!;
    }

    private static Action<int> RunnerOfValue<T>(object subject, MethodInfo method)
    {
        var function = method.CreateDelegate<Func<T>>(subject);
        return count =>
        {
            for (var i = 0; i < count; i++)
            {
                function();
            }
        };
    }

    private static void Repeat(Action action, int count)
    {
        for (var i = 0; i < count; i++)
        {
            action();
        }
    }

    private static bool HasBenchmarks(Type type) => type.GetMethods().Any(IsBenchmark);

    private static bool IsBenchmark(MethodInfo method) => method.GetCustomAttribute<BenchmarkAttribute>() is not null;

    private static string BaselineFile() =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../baseline.json"));
}
