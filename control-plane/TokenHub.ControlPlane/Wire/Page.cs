namespace TokenHub.ControlPlane.Wire;

/// <summary>One page of a list, newest first. The cursor is null on the last one.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Data, string? NextCursor);
