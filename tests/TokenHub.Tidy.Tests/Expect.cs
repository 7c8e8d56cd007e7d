using Xunit;

namespace TokenHub.Tidy.Tests;

internal static class Expect
{
    /// <summary>Fails with the whole list, one finding a line.</summary>
    public static void None(IEnumerable<string> found)
    {
        var list = found.ToList();
        Assert.True(list.Count == 0, string.Join('\n', list));
    }
}
