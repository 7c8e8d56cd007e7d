namespace TokenHub.TestKit;

/// <summary>Promises about time, on machines that others use too.</summary>
public static class Timing
{
    private const int Tries = 3;

    /// <summary>
    /// Runs it again when it took longer than promised, three times in all: that a machine stood still for a moment
    /// says nothing about the promise. Fails with the best time.
    /// </summary>
    /// <param name="run">Returns how long it took.</param>
    public static async Task KeepsWithinAsync(TimeSpan promised, Func<Task<TimeSpan>> run)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < Tries && best > promised; i++)
        {
            var took = await run();
            best = took < best ? took : best;
        }

        if (best > promised)
        {
            throw new TimeoutException($"took {best} at best, where {promised} is promised");
        }
    }
}
